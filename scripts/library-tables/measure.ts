import { type Made, type Plan, type Tables, tablesOf } from '../../src/adapters/postgres/made.ts';

export type Query = (text: string, values?: readonly unknown[]) => Promise<never[]>;

/** A database of its own each time. */
export type EmptyDatabase = () => Promise<Query>;

/** By the numbers of the schema, upwards. */
export type Measured = ReadonlyMap<number, Tables>;

export const tablesIn = (query: Query, schema: string): Promise<Tables> => tablesOf({ query } as never, schema);

/** Each thing once, with the numbers that have it. */
export function planOf(measured: Measured): Plan {
  const numbers = [...measured.keys()];
  const spans = <Parts extends readonly string[]>(of: (tables: Tables) => readonly Parts[]) => {
    const found = new Map<string, { readonly parts: Parts; readonly at: Set<number> }>();
    for (const [number, tables] of measured) {
      for (const parts of of(tables)) {
        const key = JSON.stringify(parts);
        const one = found.get(key) ?? { parts, at: new Set() };
        found.set(key, one);
        one.at.add(number);
      }
    }
    return [...found.values()].flatMap(({ parts, at }) =>
      numbers.flatMap((since, index) => {
        if (!at.has(since) || at.has(numbers[index - 1] ?? Number.NaN)) return [];
        const gone = numbers.slice(index).find((number) => !at.has(number));
        const until = gone === undefined ? [] : [numbers[numbers.indexOf(gone) - 1] as number];
        return [[...parts, since, ...until] as never];
      }),
    );
  };
  const named = (all: readonly string[]) => all.map((name) => [name] as const);
  const made = (all: readonly Made[]) => all.map(({ table, name, sql }) => [table, name, sql] as const);
  return {
    tables: spans(({ tables }) => named(tables)),
    functions: spans(({ functions }) => named(functions)),
    columns: spans(({ columns }) => made(columns)),
    indexes: spans(({ indexes }) => made(indexes)),
  };
}
