import type { Db } from '../connection.ts';
import { Parameters, quoted } from '../sql.ts';
import type { Column, ForeignKey, Table } from './catalog.ts';
import { idType } from './conditions.ts';

/** What becomes of the rows that refer to one that is deleted. Nothing saves them, so nothing could bring that back. */
const fates: Readonly<Record<Exclude<ForeignKey['onDelete'], 'restrict'>, string>> = {
  cascade: 'they would be deleted with it, and no backup holds them',
  'set null': 'the reference would be emptied, and nothing fills it again',
  'set default': 'the reference would be changed, and nothing changes it back',
};

/** Those that let a row be deleted although others refer to it, at their expense. */
export const yielding = ({ incoming }: Table): ForeignKey[] => incoming.filter(({ onDelete }) => onDelete in fates);

export const keyText = ({ name, onDelete }: ForeignKey): string => `${name}, ON DELETE ${onDelete.toUpperCase()}`;

export const lossBy = ({ onDelete }: ForeignKey): string => fates[onDelete as keyof typeof fates];

/** Rows of another table that go in the same write and come back with what they refer to. */
export interface Going {
  readonly table: Table;
  readonly id: Column;
  readonly ids: readonly string[];
}

/**
 * Of these rows, those that rows elsewhere refer to by one of these keys, each with the words for it. Ask for rows that are
 * locked: whoever would come to refer to one waits. Where this role sees not all rows that may refer, all count as referred to.
 */
export async function referredTo(
  db: Db,
  { sql }: Table,
  id: Column,
  keys: readonly ForeignKey[],
  ids: readonly string[],
  going?: Going,
): Promise<Map<string, string>> {
  if (keys.length === 0 || ids.length === 0) return new Map();
  const own = `j.${quoted(id.name)}`;
  const parameters = new Parameters();
  const chosen = `${own} = ANY (${parameters.add(ids)}::${idType(id)}[])`;
  const parts = keys.map(
    (key, place) =>
      `SELECT ${own}::text AS id, ${place} AS place FROM ${sql} j WHERE ${chosen} AND ${refers(key, going, parameters)}`,
  );
  const rows = await db.query<{ id: string; place: number }>(
    `${parts.join(' UNION ALL ')} ORDER BY 2 DESC`,
    parameters.values,
  );
  return new Map(rows.map((row) => [row.id, told(keys[row.place] as ForeignKey)]));
}

function refers({ sql, columns, visible }: ForeignKey, going: Going | undefined, parameters: Parameters): string {
  if (!visible) return 'true';
  const conditions = columns.map(([from, to]) => `r.${quoted(from)} = j.${quoted(to)}`);
  if (going?.table.sql === sql)
    conditions.push(`r.${quoted(going.id.name)} <> ALL (${parameters.add(going.ids)}::${idType(going.id)}[])`);
  return `EXISTS (SELECT FROM ${sql} r WHERE ${conditions.join(' AND ')})`;
}

function told(key: ForeignKey): string {
  return key.visible
    ? `rows of ${key.from} refer to it (${keyText(key)}): ${lossBy(key)}`
    : `rows of ${key.from} may refer to it (${keyText(key)}), and this role cannot see them: ${lossBy(key)}`;
}
