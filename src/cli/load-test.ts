import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration, parseRate } from '../config/duration.ts';
import type { QueueAdapter } from '../domain/adapter.ts';
import type { Enqueued } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import type { JobState } from '../domain/job.ts';
import type { Report } from '../domain/plan.ts';
import { unfit } from '../operations/adding.ts';
import { deadSince } from '../operations/follow-job.ts';
import { Followers } from '../operations/load.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { plural } from '../output/count-text.ts';
import type { LoadView } from '../output/load-text.ts';
import { addJobs } from './add-jobs.ts';
import type { Asked } from './new-jobs.ts';
import type { Session } from './session.ts';
import { takeAway } from './take-away.ts';

export interface LoadOrder {
  readonly queue: string;
  readonly type?: string | undefined;
  readonly payload: string;
  readonly rate: string;
  readonly duration: string;
  /** How long the workers may take after the last job was added. */
  readonly within: string;
  readonly reason?: string | undefined;
}

/** Their ids are kept until they are taken away again. */
const MOST = 100_000;
const LOOK_SECONDS = 0.25;
/** Ids in one look for what is still there. */
const PAGE = 500;

/** Adds jobs of its own at a steady rate, follows them to their ends, and takes away what is left of them. */
export async function loadTest(
  session: Session,
  ports: Ports,
  pace: Pace,
  order: LoadOrder,
  say: (text: string) => void,
): Promise<LoadView | Report> {
  const { reader, context } = session;
  const { queue } = order;
  if (context.protected) throw isProtected(context.name);
  const perSecond = parseRate(order.rate);
  const seconds = parseDuration(order.duration);
  const jobs = Math.max(1, Math.round(perSecond * seconds));
  if (jobs > MOST) throw tooMany(jobs);
  const clock = (): number => performance.now() / 1000;
  const followers = new Followers(clock);
  const added: string[] = [];
  let first = 0;
  let last = 0;
  const adapter = watched(session.slowed(perSecond), (answers) => {
    last = clock();
    if (added.length === 0) first = last;
    const ids = answers.flatMap((answer) => (answer.result === 'done' ? [answer.ref.id] : []));
    added.push(...ids);
    if (reader.reads === 'peek' && ids[0] !== undefined) followers.add({ queue, id: ids[0] });
  });
  const before = await busy(session, queue);
  const died = await deadSince(reader, queue);
  const mark = `loadtest-${randomBytes(6).toString('hex')}`;
  const adding = new AbortController();
  const following = follow(session, followers, adding.signal);
  let report: Report;
  try {
    report = await addJobs({ ...session, adapter }, ports, pace, {
      verb: 'loadtest',
      queue,
      jobs: marked(session, order, mark, jobs),
      skipInvalid: false,
      newQueue: false,
      reason: order.reason,
    });
  } finally {
    adding.abort();
    await following;
  }
  if (report.dryRun) return report;
  if (!pace.signal.aborted) say(`${added.length} jobs added; waiting for the workers.`);
  const { ended, at: endedAt } = await waitForEnd(
    session,
    followers,
    { queue, before, within: parseDuration(order.within), clock },
    pace.signal,
  );
  const newlyDead = await died();
  const left = await cleanUp(session, ports, queue, added, newlyDead);
  const spent = Math.max(last - first, jobs > 1 ? 1 / perSecond : 0);
  return {
    context: context.name,
    backend: reader.backend.name,
    queue,
    type: order.type ?? queue,
    ok: report.complete && ended === 'drained' && newlyDead === 0 && left.why === undefined,
    ...(report.run === undefined ? {} : { run: report.run }),
    asked: { jobs, perSecond, seconds },
    added: added.length,
    addedPerSecond: spent > 0 ? (added.length - 1) / spent : undefined,
    ended,
    endedPerSecond: ended === 'drained' && endedAt > first ? added.length / (endedAt - first) : undefined,
    waitedSeconds: endedAt - first,
    died: newlyDead,
    followed: followers.followed,
    times: followers.times,
    removed: left.removed,
    ...(left.why === undefined ? {} : { left: left.why }),
  };
}

/** Hears each answer of the backend. */
function watched(adapter: QueueAdapter, heard: (answers: readonly Enqueued[]) => void): QueueAdapter {
  const { enqueue } = adapter.can;
  if (enqueue === undefined || enqueue.level === 'none') return adapter;
  const { ops } = enqueue;
  const tapped: typeof ops = {
    ...ops,
    enqueue: async (queue, jobs) => {
      const answers = await ops.enqueue(queue, jobs);
      heard(answers);
      return answers;
    },
  };
  return { ...adapter, can: { ...adapter.can, enqueue: { ...enqueue, ops: tapped } } };
}

async function* marked(
  { adapter }: Session,
  { queue, type = queue, payload }: LoadOrder,
  mark: string,
  count: number,
): AsyncGenerator<Asked> {
  const { enqueue } = adapter.can;
  const hasKeys =
    enqueue !== undefined &&
    enqueue.level !== 'none' &&
    unfit(queue, { type: queue, payload: '{}', key: mark }, enqueue.ops) === undefined;
  for (let n = 1; n <= count; n += 1) {
    const own = `${mark}-${n}`;
    const job = { type, payload: payload.replaceAll('{mark}', own), ...(hasKeys ? { key: own } : {}) };
    yield { at: '--payload', job };
  }
}

/** Looks while jobs are being added. A look that fails is made again, and must not end the test. */
async function follow({ reader }: Session, followers: Followers, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await followers.look(reader).catch(() => {});
    await sleep(LOOK_SECONDS * 1000, undefined, { signal }).catch(() => {});
  }
}

const busy = async ({ reader }: Session, queue: string): Promise<number> => {
  const counts = (await reader.stats({ queues: [queue] }))[0]?.counts;
  return counts === undefined ? 0 : counts.waiting + counts.active + counts.delayed + counts.blocked;
};

/** Until the queue has no more to do than before, and all that are followed have ended. */
async function waitForEnd(
  session: Session,
  followers: Followers,
  { queue, before, within, clock }: { queue: string; before: number; within: number; clock: () => number },
  signal: AbortSignal,
): Promise<{ readonly ended: LoadView['ended']; readonly at: number }> {
  const { emptyAfter = { looks: 1, seconds: 0 } } = session.reader.backend;
  const deadline = clock() + within;
  // where an empty queue must be seen to be empty for a while, it was so when that while began
  let calm: { since: number; looks: number } | undefined;
  while (!signal.aborted) {
    await followers.look(session.reader);
    const rest = await busy(session, queue);
    const now = clock();
    calm =
      rest > before || followers.open > 0 ? undefined : { since: calm?.since ?? now, looks: (calm?.looks ?? 0) + 1 };
    if (calm !== undefined && calm.looks >= emptyAfter.looks && now - calm.since >= emptyAfter.seconds)
      return { ended: 'drained', at: calm.since };
    if (now >= deadline && calm === undefined) return { ended: 'timeout', at: now };
    await sleep(LOOK_SECONDS * 1000, undefined, { signal }).catch(() => {});
  }
  return { ended: 'stopped', at: clock() };
}

const removable: readonly JobState[] = ['waiting', 'delayed', 'blocked', 'completed', 'dead', 'cancelled'];

/** Also after Ctrl-C: what it has added and no worker has is taken away. */
async function cleanUp(
  session: Session,
  ports: Ports,
  queue: string,
  added: readonly string[],
  newlyDead: number,
): Promise<{ readonly removed: number; readonly why?: string }> {
  const { reader } = session;
  try {
    const looks = reader.reads === 'receive';
    const states = looks ? (['waiting', ...(newlyDead > 0 ? (['dead'] as const) : [])] as const) : removable;
    const ids = looks
      ? (await busy(session, queue)) + newlyDead > 0
        ? added
        : []
      : await stillThere(session, queue, added);
    const took = { queue, ids, states, reason: 'the jobs of a load test' };
    const gone = ids.length === 0 ? undefined : await takeAway(session, ports, took);
    const removed = gone?.outcomes.done ?? 0;
    const rest = looks ? 0 : (await stillThere(session, queue, added, [...removable, 'active'])).length;
    if (rest === 0 && gone?.stopped === undefined) return { removed };
    return { removed, why: gone?.stopped ?? `${plural(rest, 'job')} of it still there: a worker has them` };
  } catch (error) {
    return { removed: 0, why: (error as Error).message };
  }
}

async function stillThere(
  { reader }: Session,
  queue: string,
  ids: readonly string[],
  states: readonly JobState[] = removable,
): Promise<string[]> {
  const there: string[] = [];
  for (let at = 0; at < ids.length; at += PAGE) {
    const selection = { queues: [queue], states, ids: ids.slice(at, at + PAGE) };
    const named = new Set(selection.ids); // not every backend narrows its pages by id
    for await (const page of reader.browse(selection, { size: PAGE, order: 'oldest' }))
      there.push(...page.map(({ id }) => id).filter((id) => named.has(id)));
  }
  return there;
}

const isProtected = (context: string): JobctlError =>
  new JobctlError('refused', `The context ${context} is protected: a load test is not for it.`, {
    next: ['Take one that resembles it: jobctl context list', 'jobctl smoke QUEUE   # one job, in any context'],
  });

const tooMany = (jobs: number): JobctlError =>
  new JobctlError('usage', `That would be ${jobs} jobs; a load test adds at most ${MOST}.`, {
    next: ['Shorten --duration, or lower --rate.'],
  });
