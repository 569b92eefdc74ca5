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

/** The conditions of the wanted states as one; `true` when every state is wanted. */
export function anyOf<State extends string>(
  conditions: Readonly<Record<State, string>>,
  wanted: readonly State[],
): string {
  const all = Object.keys(conditions) as State[];
  if (all.every((state) => wanted.includes(state))) return 'true';
  const chosen = all.filter((state) => wanted.includes(state)).map((state) => conditions[state]);
  return chosen.length === 0 ? 'false' : chosen.join(' OR ');
}

/** Payload bytes, as stored, that one page may hold: a page of huge payloads becomes a short one. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** The rows that fit into one page, at least one. */
export function fitting<Row extends { readonly bytes: number }>(rows: readonly Row[]): readonly Row[] {
  let bytes = 0;
  const end = rows.findIndex((row, index) => {
    bytes += row.bytes;
    return bytes > PAGE_BYTES && index > 0;
  });
  return end === -1 ? rows : rows.slice(0, end);
}
