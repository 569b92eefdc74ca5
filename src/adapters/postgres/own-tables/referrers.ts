import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import type { Column, ForeignKey, Table } from './catalog.ts';
import { idType } from './conditions.ts';

/** What becomes of the rows that refer to one that is deleted. Nothing saves them, so nothing could bring that back. */
const fates: Readonly<Record<Exclude<ForeignKey['onDelete'], 'restrict'>, string>> = {
  cascade: 'they would be deleted with it, and no backup holds them',
  'set null': 'that would be emptied, and nothing fills it again',
  'set default': 'that would be changed, and nothing changes it back',
};

/** Those that let a row be deleted although others refer to it, at their expense. */
export const yielding = ({ incoming }: Table): ForeignKey[] => incoming.filter(({ onDelete }) => onDelete in fates);

export const keyText = ({ name, onDelete }: ForeignKey): string => `${name}, ON DELETE ${onDelete.toUpperCase()}`;

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
): Promise<Map<string, string>> {
  if (keys.length === 0 || ids.length === 0) return new Map();
  const own = `j.${quoted(id.name)}`;
  const parts = keys.map(
    (key, place) =>
      `SELECT ${own}::text AS id, ${place} AS place FROM ${sql} j WHERE ${own} = ANY ($1::${idType(id)}[]) AND ${refers(key)}`,
  );
  const rows = await db.query<{ id: string; place: number }>(`${parts.join(' UNION ALL ')} ORDER BY 2 DESC`, [ids]);
  return new Map(rows.map((row) => [row.id, told(keys[row.place] as ForeignKey)]));
}

const refers = ({ sql, columns, visible }: ForeignKey): string =>
  visible
    ? `EXISTS (SELECT FROM ${sql} r WHERE ${columns.map(([from, to]) => `r.${quoted(from)} = j.${quoted(to)}`).join(' AND ')})`
    : 'true';

function told(key: ForeignKey): string {
  const fate = fates[key.onDelete as keyof typeof fates];
  return key.visible
    ? `rows of ${key.from} refer to it (${keyText(key)}): ${fate}`
    : `rows of ${key.from} may refer to it (${keyText(key)}), and this role cannot see them: ${fate}`;
}
