import type { Action } from '../../../domain/action.ts';
import type { Statement } from '../../../domain/adapter.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import { adds } from './add.ts';
import { historyOf } from './find.ts';
import type { Layout } from './layout.ts';
import { resolveLetters } from './letters.ts';
import { pauseOf } from './pause.ts';
import { restore, revert } from './put-back.ts';
import { jobsAt, placesOf } from './rows.ts';
import { stats } from './stats.ts';
import { workers } from './workers.ts';
import { apply } from './write.ts';

const of = (...states: Selection['states']): Selection => ({ queues: ['QUEUE'], states });
const page = { size: 100, order: 'oldest', cursor: undefined } as const;
const replay: Action = { verb: 'replay', keepAttempts: false };

/** The SQL of every operation, as it would be sent: each is carried out on a session that only takes notes. */
export async function statements(layout: Layout): Promise<Statement[]> {
  const letters = layout.letters !== undefined;
  const flag = pauseOf(layout);
  const rowJob = rowOf(layout);
  const act = (action: Action, job: SavedJob) => (db: Db) => apply(db, layout, action, [job]);
  const operations: readonly (readonly [operation: string, work: (db: Db) => Promise<unknown>])[] = [
    ['stats', (db) => stats(db, layout, {})],
    ['list the dead', (db) => placesOf(db, layout, of('dead'), page)],
    ['list the stuck', (db) => placesOf(db, layout, { ...of('active'), stuck: true }, page)],
    ...(letters
      ? ([['list the resolved', (db: Db) => placesOf(db, layout, { ...of('dead'), resolved: true }, page)]] as const)
      : []),
    ...(layout.heartbeats === undefined ? [] : ([['list the workers', (db: Db) => workers(db, layout)]] as const)),
    ['job show', (db) => showing(db, layout)],
    ['replay', act(replay, rowJob)],
    ['reset', act({ verb: 'reset' }, rowJob)],
    ['cancel', act({ verb: 'cancel' }, rowJob)],
    ['edit', act({ verb: 'edit', payload: '{}' }, rowJob)],
    ['remove', act({ verb: 'remove' }, rowJob)],
    ['enqueue', (db) => adds(layout).add(db, 'QUEUE', [{ type: 'TYPE', payload: '{}', key: 'KEY' }])],
    ...(flag === undefined
      ? []
      : ([
          ['look at the pause flag', (db: Db) => flag.look(db, 'QUEUE')],
          ['pause', (db: Db) => flag.set(db, 'QUEUE', true)],
          ['resume', (db: Db) => flag.set(db, 'QUEUE', false)],
        ] as const)),
    ['restore', (db) => restore(db, layout, [rowJob], { asWas: false, cutoff: '' })],
    ['undo', (db) => revert(db, layout, [rowJob])],
    ...(letters
      ? ([
          ['replay a dead letter whose job is gone', act(replay, letterJob)],
          ['resolve dead letters', (db: Db) => resolveLetters(db, layout, ['ID'], 'NOTE')],
          ['remove dead letters', act({ verb: 'remove' }, letterJob)],
        ] as const)
      : []),
  ];
  const told: Statement[] = [];
  for (const [operation, work] of operations) {
    await work({
      query: async (sql) => {
        told.push({ operation, sql: sql.replace(/\s+/g, ' ').trim() });
        return [];
      },
    });
  }
  return told;
}

async function showing(db: Db, layout: Layout): Promise<void> {
  await jobsAt(db, layout, [{ id: job.id, home: 'job' }]);
  await historyOf(db, layout, job);
}

const job = {
  id: 'ID',
  queue: 'QUEUE',
  type: 'TYPE',
  state: 'dead',
  native: '',
  retrying: false,
  attempts: 0,
  payload: '{}',
} as const;
const rowOf = ({ labels }: Layout): SavedJob => ({
  job: { ...job, native: labels.waiting[0] as string },
  snapshot: { row: '{}' },
});
const letterJob: SavedJob = { job, snapshot: { letters: [] } };
