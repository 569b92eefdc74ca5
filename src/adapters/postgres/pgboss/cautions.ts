import type { Action, Resolution } from '../../../domain/action.ts';
import { grouped } from '../../../domain/grouped.ts';
import { residue, type Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { Parameters } from '../sql.ts';
import { pushes, where } from './conditions.ts';
import { type Double, doubles } from './copies.ts';
import { isLetterQueue } from './expressions.ts';
import type { Layout } from './layout.ts';
import { pageOfPlaces, savedJobsOf } from './rows.ts';

/** What a plan is to say of a write on these jobs. */
export async function cautions(
  db: Db,
  layout: Layout,
  selection: Selection,
  verb: (Action | Resolution)['verb'],
): Promise<string[]> {
  if (verb === 'reset') return await usedUp(db, layout, selection);
  return verb === 'replay' ? await twice(db, layout, selection) : [];
}

/** `Up to` where not all that the selection says is decided by the server. */
const upTo = (selection: Selection, count: number): string =>
  `${residue(selection, pushes).some((criterion) => criterion !== 'cutoff') ? 'Up to ' : ''}${grouped(count)} ${count === 1 ? 'job' : 'jobs'}`;

/** Jobs that a reset can only end. */
async function usedUp(db: Db, layout: Layout, selection: Selection): Promise<string[]> {
  const parameters = new Parameters();
  const [row] = await db.query<{ count: number; lettered: number }>(
    `SELECT count(*)::float8 AS count, (count(j.dead_letter))::float8 AS lettered
       FROM ${layout.job} j WHERE ${where(layout, selection, parameters)} AND j.retry_count >= j.retry_limit`,
    parameters.values,
  );
  const { count = 0, lettered = 0 } = row ?? {};
  if (count === 0) return [];
  const copies =
    lettered === 0
      ? ''
      : `, ${lettered === count ? '' : `${grouped(lettered)} of them `}with a copy in a dead-letter queue`;
  return [
    count === 1
      ? `${upTo(selection, count)} has used all its runs: it will be dead, as the library would end it${copies}; a replay runs it again.`
      : `${upTo(selection, count)} have used all their runs: they will be dead, as the library would end them${copies}; a replay runs them again.`,
  ];
}

/** Jobs with a dead-letter queue that a plan looks at, and how many of them at once. */
const MOST = 2000;
const PAGE = 500;
/** Ids within one line. */
const NAMED = 5;

/** Those of these queues whose copies are seen as dead without being named. */
async function letterQueues(db: Db, layout: Layout, names: readonly string[]): Promise<Set<string>> {
  if (layout.has('source_id') || names.length === 0) return new Set(names);
  const rows = await db.query<{ name: string }>(
    `SELECT n.name FROM unnest($1::text[]) AS n (name) WHERE ${isLetterQueue(layout, 'n.name')}`,
    [names],
  );
  return new Set(rows.map(({ name }) => name));
}

/** Jobs that a replay leaves alone because another has taken over their work. */
async function twice(db: Db, layout: Layout, selection: Selection): Promise<string[]> {
  const found: Double[] = [];
  let seen = 0;
  let cursor: string | undefined;
  do {
    const parameters = new Parameters();
    const condition = `${where(layout, selection, parameters)} AND j.state = 'failed' AND j.dead_letter IS NOT NULL`;
    const places = await pageOfPlaces(db, layout, condition, parameters, {
      size: PAGE,
      order: 'oldest',
      cursor,
      asClaimed: true,
    });
    found.push(...(await doubles(db, layout, await savedJobsOf(db, layout, places.items))).values());
    seen += places.items.length;
    cursor = places.cursor;
  } while (cursor !== undefined && seen < MOST);
  const among = cursor === undefined ? '' : `Among the first ${grouped(seen)}: `;
  const moved = found.filter((one) => one.moved).length;
  const byQueue = Map.groupBy(
    found.filter((one) => !one.moved),
    ({ by }) => by.queue,
  );
  const seenAsLetters = await letterQueues(db, layout, [...byQueue.keys()]);
  return [
    ...[...byQueue].map(([queue, copies]) => {
      const ids = seenAsLetters.has(queue) ? [] : copies.slice(0, NAMED).map(({ by }) => ` --id ${by.id}`);
      const rest = ids.length > 0 && copies.length > NAMED ? ' and so on' : '';
      return `${among}${upTo(selection, copies.length)} will be skipped, with copies in ${queue} that can still run: both would run the work twice. To replay the copies: jobctl replay ${queue}${ids.join('')}${rest}`;
    }),
    ...(moved === 0
      ? []
      : [
          `${among}${upTo(selection, moved)} will be skipped: their copies were put back before, both would run the work twice.`,
        ]),
  ];
}
