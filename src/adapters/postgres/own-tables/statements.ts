import type { Action } from '../../../domain/action.ts';
import type { Statement } from '../../../domain/adapter.ts';
import type { SavedJob } from '../../../domain/claim.ts';
import type { Selection } from '../../../domain/selection.ts';
import type { Db } from '../connection.ts';
import type { Dialect } from '../dialect.ts';
import type { Column } from './catalog.ts';
import type { Layout } from './layout.ts';
import { permit } from './permit.ts';
import { type Found, type Operation, record } from './recorder.ts';

type Case = readonly [operation: string, work: (db: Db) => Promise<unknown>, found?: Partial<Found> | undefined];

/** The SQL of every operation that the mapping allows, as it would be sent. */
export async function statements(layout: Layout, dialect: Dialect, lacks: Dialect['lacks']): Promise<Statement[]> {
  const id = idIn(layout.job.id);
  const job = jobOf(id, layout.labels.waiting[0] ?? '');
  const homes: Found['homes'] = layout.letters === undefined ? ['job'] : ['job', 'letter'];
  const cases = [
    ...reads(layout, dialect, id),
    ...writes(dialect, lacks, job),
    ...(layout.letters === undefined ? [] : letterWrites(layout.letters.columns.id, dialect, lacks, job)),
    ...pauses(dialect),
  ];
  const told: Statement[] = [];
  for (const [operation, work, found] of cases) {
    const one: Operation = { operation, work, found: { homes, ...found } };
    told.push(...(await record(one, id)));
  }
  return told;
}

const when = (is: boolean, ...cases: readonly Case[]): readonly Case[] => (is ? cases : []);

/** An id that a column of this kind can hold. */
const idIn = ({ kind }: Column): string =>
  kind === 'integer' ? '1' : kind === 'uuid' ? '00000000-0000-0000-0000-000000000000' : 'ID';

const of = (...states: Selection['states']): Selection => ({ queues: ['QUEUE'], states });
const stuck: Selection = { ...of('active'), stuck: true };
const resolved: Selection = { ...of('dead'), resolved: true };
const page = { size: 100, order: 'oldest' } as const;
const nothing: Partial<Found> = { homes: [] };

const jobOf = (id: string, native: string): SavedJob['job'] => ({
  id,
  queue: 'QUEUE',
  type: 'TYPE',
  state: 'dead',
  native,
  retrying: false,
  attempts: 0,
  payload: '{}',
});

function reads(
  layout: Layout,
  { stats, queues, count, page: list, find, workers, explain }: Dialect,
  id: string,
): Case[] {
  const letters = layout.letters !== undefined;
  const by = (['type', 'lane', 'tenant'] as const).filter((field) => layout.job[field] !== undefined);
  return [
    ['stats', (db) => stats(db, {})],
    ...by.map((field): Case => [`stats --by ${field}`, (db) => stats(db, { by: field })]),
    ['name the queues', queues],
    ['count the dead', (db) => count(db, of('dead'))],
    ['list the dead', (db) => list(db, of('dead'), page, undefined)],
    ['list the stuck', (db) => list(db, stuck, page, undefined), { homes: ['job'] }],
    ...when(letters, ['list the resolved', (db) => list(db, resolved, page, undefined), { homes: ['letter'] }]),
    ...when(workers !== undefined, ['list the workers', async (db) => workers?.(db)]),
    ['job show', (db) => find(db, id, undefined)],
    ...when(letters, ['job show, of what is resolved', (db) => find(db, id, undefined), nothing]),
    ['ask for the rights', (db) => permit(db, layout, 'remove', '')],
    ['why a job is left out', (db) => explain(db, { ...of('dead'), ids: [id] }, [id])],
  ];
}

/** Each is locked and saved before it is changed: that is the claim. */
function writes(dialect: Dialect, lacks: Dialect['lacks'], job: SavedJob['job']): Case[] {
  const row: SavedJob = { job, snapshot: { row: '{}' } };
  const act = (action: Action): readonly Case[] =>
    when(lacks[action.verb] === undefined, [action.verb, (db) => dialect.apply(db, action, [row])]);
  const { enqueue } = dialect;
  return [
    ['claim the dead', (db) => dialect.pick(db, of('dead'), 100, undefined)],
    ['claim the stuck', (db) => dialect.pick(db, stuck, 100, undefined), { homes: ['job'] }],
    ['claim what waits', (db) => dialect.pick(db, of('waiting', 'delayed'), 100, undefined), { homes: ['job'] }],
    ...act({ verb: 'replay', keepAttempts: false }),
    ...act({ verb: 'reset' }),
    ...act({ verb: 'cancel' }),
    ...act({ verb: 'edit', payload: '{}' }),
    ...act({ verb: 'remove' }),
    ...when(enqueue !== undefined && lacks.enqueue === undefined, [
      'enqueue',
      async (db) => enqueue?.add(db, 'QUEUE', [{ type: 'TYPE', payload: '{}', key: 'KEY' }]),
    ]),
    ...putBack(dialect, '', row),
  ];
}

/** Compared with what stands there now, then written. */
function putBack(dialect: Dialect, what: string, saved: SavedJob): Case[] {
  const back = (asWas: boolean) => async (db: Db) => {
    await dialect.holdForRestore(db, [saved], { asWas, cutoff: '' });
    await dialect.restore(db, [saved], { asWas, cutoff: '' });
  };
  const revert = async (db: Db): Promise<void> => {
    await dialect.holdForRevert(db, [saved], undefined);
    await dialect.revert(db, [saved]);
  };
  return [
    [`restore${what}`, back(false)],
    [`restore --as-was${what}`, back(true)],
    [`undo${what}`, revert, { standing: 'different' }],
  ];
}

function letterWrites(column: Column, dialect: Dialect, lacks: Dialect['lacks'], job: SavedJob['job']): Case[] {
  const letters = [{ id: idIn(column), row: '{}' }];
  const both: SavedJob = { job, snapshot: { row: '{}', letters } };
  const alone: SavedJob = { job, snapshot: { letters } };
  const handled: SavedJob = { ...both, job: { ...job, resolved: '' } };
  const act = (operation: string, action: Action, saved: SavedJob, found?: Partial<Found>): readonly Case[] =>
    when(lacks[action.verb] === undefined, [operation, (db) => dialect.apply(db, action, [saved]), found]);
  const replay: Action = { verb: 'replay', keepAttempts: false };
  return [
    ['claim what is resolved', (db) => dialect.pick(db, resolved, 100, undefined), { homes: ['letter'] }],
    ...act('replay a dead letter', replay, both, { original: true }),
    ...act('replay a dead letter whose job is gone', replay, alone),
    ...act('edit a dead letter', { verb: 'edit', payload: '{}' }, both),
    ['resolve dead letters', async (db) => dialect.resolve?.(db, 'NOTE', [both])],
    ...act('remove dead letters', { verb: 'remove' }, both),
    ...act('dlq purge --resolved', { verb: 'remove' }, handled),
    ...putBack(dialect, ' of a dead letter', both),
    ...putBack(dialect, ' of a dead letter whose job was gone', alone),
  ];
}

const pauses = ({ pause }: Dialect): Case[] =>
  pause === undefined
    ? []
    : [
        ['look at the pause flag', (db) => pause.look(db, 'QUEUE')],
        ['pause', (db) => pause.set(db, 'QUEUE', true)],
        ['pause a queue that has no row', (db) => pause.set(db, 'QUEUE', true), nothing],
        ['resume', (db) => pause.set(db, 'QUEUE', false)],
      ];
