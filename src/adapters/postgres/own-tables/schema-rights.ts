import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import type { WriteVerb } from '../dialect.ts';
import { deedsFinding, type Missing, rightsFinding } from '../rights.ts';
import { quoted } from '../sql.ts';
import type { Table } from './catalog.ts';
import type { Layout } from './layout.ts';
import { missingOn, permit } from './permit.ts';
import { missingOnSequence } from './sequence.ts';

const verbs: readonly WriteVerb[] = ['replay', 'reset', 'remove', 'cancel', 'edit', 'restore', 'revert'];

/** What this role may not do with each of the mapped tables, and the grants that are enough. */
export async function rightsOf(db: Db, layout: Layout, writes: boolean, place: string): Promise<SchemaFinding[]> {
  const { jobs, letters, heartbeats, pause } = layout;
  const beats =
    heartbeats && (await missingOn(db, heartbeats.table, { SELECT: [heartbeats.worker, heartbeats.seenAt] }));
  const flag = pause && (await missingOn(db, pause.table, { SELECT: [pause.queue, pause.paused] }));
  const switched =
    pause && writes
      ? await missingOn(db, pause.table, { UPDATE: [pause.paused], INSERT: [pause.queue, pause.paused] })
      : [];
  return [
    ...(writes
      ? await deedsFinding(verbs, (verb) => permit(db, layout, verb, place))
      : await unread(db, [jobs, ...(letters === undefined ? [] : [letters.table])])),
    ...finding('problem', beats, 'show any job, nor tell whose worker is gone'),
    ...finding('problem', flag, 'show stats, nor tell what is paused'),
    ...finding('warning', switched, 'pause or resume a queue'),
    ...finding('warning', writes ? await missingOnSequence(db, layout) : [], 'raise the next id behind restored jobs'),
  ];
}

const finding = (level: 'problem' | 'warning', missing: readonly Missing[] = [], deeds: string): SchemaFinding[] =>
  missing.length === 0 ? [] : [rightsFinding(level, missing, deeds)];

async function unread(db: Db, tables: readonly Table[]): Promise<SchemaFinding[]> {
  const rows = await db.query<{ role: string; relation: string }>(
    `SELECT current_user::text AS role, relation FROM unnest($1::text[]) AS t (relation) WHERE NOT has_table_privilege(relation, 'SELECT')`,
    [tables.map(({ sql }) => sql)],
  );
  return rows.map(({ role, relation }) => ({
    level: 'problem',
    text: `The role ${role} cannot read ${relation}.`,
    next: `GRANT SELECT ON ${relation} TO ${quoted(role)};`,
  }));
}
