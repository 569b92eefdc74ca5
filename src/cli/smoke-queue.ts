import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/duration.ts';
import type { NewJob } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import type { JobRef, JobState } from '../domain/job.ts';
import type { Report } from '../domain/plan.ts';
import { unfit } from '../operations/adding.ts';
import { deadOf, deadSince, type Followed, followJob } from '../operations/follow-job.ts';
import { followMessage } from '../operations/follow-message.ts';
import { patiently } from '../operations/patience.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { duration } from '../output/age.ts';
import type { SmokeCheck, SmokeView } from '../output/smoke-text.ts';
import { addJobs } from './add-jobs.ts';
import type { Asked } from './new-jobs.ts';
import type { Session } from './session.ts';
import { takeAway } from './take-away.ts';
import { workerTrace } from './worker-trace.ts';

export interface SmokeOrder {
  readonly queue: string;
  readonly type?: string | undefined;
  readonly payload?: string | undefined;
  readonly within?: string | undefined;
  readonly reason?: string | undefined;
}

const WITHIN = '60s';
/** Seconds by which the clock of a log may differ. */
const MARGIN = 60;

/** Adds one job of its own, follows it to its end, sees what else died meanwhile, and takes it away again. */
export async function smokeQueue(
  session: Session,
  ports: Ports,
  pace: Pace,
  order: SmokeOrder,
  say: (text: string) => void,
): Promise<SmokeView | Report> {
  const { reader, context, redact } = session;
  const { queue } = order;
  const set = Object.hasOwn(context.queues, queue) ? context.queues[queue]?.smoke : undefined;
  const mark = `smoke-${randomBytes(6).toString('hex')}`;
  const type = order.type ?? set?.type ?? queue;
  const given = order.payload ?? (set?.payload === undefined ? '{}' : JSON.stringify(set.payload));
  // where an empty queue must be seen to be empty for a while, that while comes on top
  const patience = parseDuration(WITHIN) + 2 * (reader.backend.emptyAfter?.seconds ?? 0);
  const asked = order.within ?? set?.within;
  const within = asked === undefined ? patience : parseDuration(asked);
  const died = await deadSince(reader, queue);
  const deadBefore = reader.reads === 'receive' ? await deadOf(reader, queue) : 0;
  const added = await addJobs(session, ports, pace, {
    verb: 'smoke',
    queue,
    jobs: one(type, given.replaceAll('{mark}', mark), manners(session, queue, mark)),
    skipInvalid: false,
    newQueue: false,
    reason: order.reason,
  });
  if (added.dryRun) return added;
  const id = added.made?.[0];
  if (id === undefined) throw notAdded(added);
  const { run = '' } = added;
  const watch = {
    now: () => performance.now() / 1000,
    sleep: (seconds: number) => sleep(seconds * 1000, undefined, { signal: pace.signal }).catch(() => {}),
    signal: pace.signal,
    missed: ({ message }: JobctlError) => say(`${message}; looking again`),
  };
  const follow = async (): Promise<Followed> =>
    reader.reads === 'receive'
      ? await followMessage(reader, { queue, id }, within, deadBefore, {
          ...watch,
          show: (text) => say(`${queue}: ${text}`),
        })
      : await followJob(reader, { queue, id }, within, { ...watch, show: ({ state }) => say(`job ${id}: ${state}`) });
  try {
    const followed = await follow();
    const newlyDead = Math.max(0, (await patiently(died, watch)) - (followed.ended === 'dead' ? 1 : 0));
    const left = await cleanUp(session, ports, { queue, id }, run, followed.ended);
    const since = Math.ceil(followed.waitedSeconds) + MARGIN;
    const trace = followed.ended === 'gone' ? await workerTrace(reader, queue, [id, mark], since) : undefined;
    const error = followed.job?.error?.message;
    const checks = checksOf(followed, within, newlyDead, left, error === undefined ? undefined : String(redact(error)));
    return {
      context: context.name,
      backend: reader.backend.name,
      queue,
      type,
      ok: checks.every(({ ok }) => ok),
      ...(added.run === undefined ? {} : { run: added.run }),
      job: id,
      ended: followed.ended,
      seenBy: followed.ended === 'gone' ? (trace ?? 'its disappearance') : 'its state',
      waitedSeconds: followed.waitedSeconds,
      newlyDead,
      cleanedUp: left === undefined,
      checks,
    };
  } catch (error) {
    throw leftBehind(error, id, run);
  }
}

/** What broke the test off, with the way to take away what it added. */
const leftBehind = (error: unknown, job: string, run: string): unknown =>
  error instanceof JobctlError
    ? new JobctlError(error.kind, `${error.message.replace(/\.$/, '')}. What became of job ${job} is not known.`, {
        next: [`jobctl undo ${run}   # later: takes it away, unless a worker has it`, ...error.next],
        cause: error,
      })
    : error;

/** A key of its own, to tell it from all others, and one attempt, so that a failure is told at once: what the backend can take of it. */
function manners({ adapter }: Session, queue: string, mark: string): Partial<NewJob> {
  const { enqueue } = adapter.can;
  if (enqueue === undefined || enqueue.level === 'none') return {};
  const { ops } = enqueue;
  const fits = (some: Partial<NewJob>): Partial<NewJob> =>
    unfit(queue, { type: queue, payload: '{}', ...some }, ops) === undefined ? some : {};
  return { ...fits({ key: mark }), ...fits({ maxAttempts: 1 }) };
}

async function* one(type: string, payload: string, more: Partial<NewJob>): AsyncGenerator<Asked> {
  yield { at: '--payload', job: { type, payload, ...more } };
}

const notAdded = ({ stopped, failed, skipped }: Report): JobctlError =>
  new JobctlError(
    'partial',
    `The job could not be added: ${stopped ?? failed[0]?.why ?? skipped[0]?.why ?? 'nobody says why'}.`,
    { next: ['jobctl run list'] },
  );

const removable: readonly JobState[] = ['waiting', 'delayed', 'blocked', 'completed', 'dead', 'cancelled'];

/** Why the job is still there; undefined once it is gone. It is a run of its own, with a backup. */
async function cleanUp(
  session: Session,
  ports: Ports,
  { queue, id }: JobRef,
  run: string,
  ended: Followed['ended'],
): Promise<string | undefined> {
  const { reader } = session;
  const looks = reader.reads === 'receive';
  if (looks ? ended === 'gone' : (await reader.find(id, queue)) === undefined) return undefined;
  try {
    const report = await takeAway(session, ports, {
      queue,
      ids: [id],
      states: looks ? (ended === 'dead' ? ['dead'] : ['waiting']) : removable,
      reason: 'the job of a smoke test',
    });
    return report.outcomes.done > 0
      ? undefined
      : `job ${id} is still there: ${report.skipped[0]?.why ?? report.stopped}`;
  } catch (error) {
    const next = looks ? ` Later: jobctl undo ${run} --receive` : '';
    return `job ${id} is still there: ${(error as Error).message}${next}`;
  }
}

function checksOf(
  { ended, waitedSeconds, job, note }: Followed,
  within: number,
  newlyDead: number,
  left: string | undefined,
  error: string | undefined,
): SmokeCheck[] {
  const isDone = ended === 'completed' || ended === 'gone';
  const how: Readonly<Record<Followed['ended'], string>> = {
    completed: `after ${duration(waitedSeconds)}`,
    gone: `after ${duration(waitedSeconds)}; it is ${note ?? 'not there any more'}`,
    dead: `it died${error === undefined ? '' : `: ${error}`}`,
    cancelled: 'it was cancelled',
    timeout:
      // where only counts were seen, it is known to have waited when it could be taken away from there
      (left === undefined ? undefined : note) ??
      (job?.retrying ? 'it failed, and waits to be tried again' : `it was still ${job?.state ?? 'waiting'}`),
    stopped: `the wait was stopped${note === undefined ? '' : `; ${note}`}`,
  };
  return [
    { name: `completes within ${duration(within)}`, ok: isDone, note: how[ended] },
    {
      name: 'nothing else died meanwhile',
      ok: newlyDead === 0,
      ...(newlyDead === 0 ? {} : { note: `${newlyDead} did; jobctl dlq list shows them` }),
    },
    { name: 'cleaned up', ok: left === undefined, ...(left === undefined ? {} : { note: left }) },
  ];
}
