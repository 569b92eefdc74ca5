import { randomBytes } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../config/duration.ts';
import { JobctlError } from '../domain/errors.ts';
import type { JobState } from '../domain/job.ts';
import type { Report } from '../domain/plan.ts';
import { engineFor } from '../operations/engine.ts';
import { deadSince, type Followed, followJob } from '../operations/follow-job.ts';
import { planAction } from '../operations/plan-action.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { duration } from '../output/age.ts';
import { type SmokeCheck, type SmokeView, smokeJunit, smokeMarkdown } from '../output/smoke-text.ts';
import { addJobs } from './add-jobs.ts';
import type { Asked } from './new-jobs.ts';
import type { Session } from './session.ts';

export interface SmokeOrder {
  readonly queue: string;
  readonly type?: string | undefined;
  readonly payload?: string | undefined;
  readonly within?: string | undefined;
  readonly reason?: string | undefined;
}

const WITHIN = '60s';

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
  const within = parseDuration(order.within ?? set?.within ?? WITHIN);
  const died = await deadSince(reader, queue);
  const added = await addJobs(session, ports, pace, {
    verb: 'smoke',
    queue,
    jobs: one(type, given.replaceAll('{mark}', mark), keyOf(session, mark)),
    skipInvalid: false,
    newQueue: false,
    reason: order.reason,
  });
  if (added.dryRun) return added;
  const id = added.made?.[0];
  if (id === undefined) throw notAdded(added);
  const followed = await followJob(reader, { queue, id }, within, {
    now: () => performance.now() / 1000,
    sleep: (seconds) => sleep(seconds * 1000, undefined, { signal: pace.signal }).catch(() => {}),
    signal: pace.signal,
    show: ({ state }) => say(`job ${id}: ${state}`),
  });
  const newlyDead = Math.max(0, (await died()) - (followed.ended === 'dead' ? 1 : 0));
  const left = await cleanUp(session, ports, id, queue);
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
    seenBy: followed.ended === 'gone' ? 'its disappearance' : 'its state',
    waitedSeconds: followed.waitedSeconds,
    newlyDead,
    cleanedUp: left === undefined,
    checks,
  };
}

/** A key of its own, so that the job can be told from all others, where the backend has keys. */
const keyOf = ({ adapter }: Session, mark: string): string | undefined => {
  const { enqueue } = adapter.can;
  return enqueue === undefined || enqueue.level === 'none' || enqueue.ops.ignores.has('key') ? undefined : mark;
};

async function* one(type: string, payload: string, key: string | undefined): AsyncGenerator<Asked> {
  yield { at: '--payload', job: { type, payload, ...(key === undefined ? {} : { key }) } };
}

const notAdded = ({ stopped, failed, skipped }: Report): JobctlError =>
  new JobctlError(
    'partial',
    `The job could not be added: ${stopped ?? failed[0]?.why ?? skipped[0]?.why ?? 'nobody says why'}.`,
    { next: ['jobctl run list'] },
  );

const removable: readonly JobState[] = ['waiting', 'delayed', 'blocked', 'completed', 'dead', 'cancelled'];

/** Why the job is still there; undefined once it is gone. It is a run of its own, with a backup. */
async function cleanUp(session: Session, ports: Ports, id: string, queue: string): Promise<string | undefined> {
  const { adapter, reader, context } = session;
  if ((await reader.find(id, queue)) === undefined) return undefined;
  const quiet: Ports = {
    ...ports,
    show: { plan: () => {}, progress: () => {}, settled: () => {} },
    confirm: async () => {}, // it belongs to the smoke test, which was agreed to
  };
  try {
    const report = await runOperation(
      () =>
        planAction(reader, {
          verb: 'remove',
          context: context.name,
          protected: context.protected,
          selection: { queues: [queue], states: removable, ids: [id] },
          tests: {},
          action: { verb: 'remove' },
          reason: 'the job of a smoke test',
        }),
      (plan) => engineFor(plan, { adapter, tests: {}, source: nothing }),
      quiet,
      { dryRun: false, batch: 1, signal: new AbortController().signal },
    );
    return report.outcomes.done > 0
      ? undefined
      : `job ${id} is still there: ${report.skipped[0]?.why ?? report.stopped}`;
  } catch (error) {
    return `job ${id} is still there: ${(error as Error).message}`;
  }
}

function checksOf(
  { ended, waitedSeconds, job }: Followed,
  within: number,
  newlyDead: number,
  left: string | undefined,
  error: string | undefined,
): SmokeCheck[] {
  const isDone = ended === 'completed' || ended === 'gone';
  const how: Readonly<Record<Followed['ended'], string>> = {
    completed: `after ${duration(waitedSeconds)}`,
    gone: `after ${duration(waitedSeconds)}; it is not there any more`,
    dead: `it died${error === undefined ? '' : `: ${error}`}`,
    cancelled: 'it was cancelled',
    timeout: `it was still ${job?.state ?? 'there'}`,
    stopped: 'the wait was stopped',
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

/** Where a CI looks for the result. */
export async function publishSmoke(smoke: SmokeView, junit: string | undefined, env: NodeJS.ProcessEnv): Promise<void> {
  if (junit !== undefined) await writeFile(junit, smokeJunit(smoke));
  const summary = env['GITHUB_STEP_SUMMARY'];
  if (summary) await appendFile(summary, smokeMarkdown(smoke));
}

async function* nothing(): AsyncGenerator<never> {}
