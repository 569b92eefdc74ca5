/** SQL that gives a timestamptz as an instant, whatever the session's time zone and date style are. */
export const instant = (expression: string): string =>
  `to_char((${expression}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

export const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/** Collects the parameters of one statement: `p.add(value)` gives the place holder. */
export class Parameters {
  readonly values: unknown[] = [];
  add(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** Ids that a bigint column can hold, as it writes them; any other id (`01`, `1e3`) names no row. */
export const bigints = (ids: readonly string[]): string[] =>
  ids.filter((id) => /^-?\d{1,19}$/.test(id) && String(BigInt.asIntN(64, BigInt(id))) === id);

/** `('a', 'b')`, for words of our own or of the catalog. */
export const quotedLiterals = (words: readonly string[]): string =>
  `(${words.map((word) => `'${word.replaceAll("'", "''")}'`).join(', ')})`;
