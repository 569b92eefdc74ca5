import { setTimeout as sleep } from 'node:timers/promises';
import { JobctlError } from '../domain/errors.ts';
import type { JobRef } from '../domain/job.ts';
import type { Report } from '../domain/plan.ts';
import { deadOf, deadSince, type Followed, followJob } from '../operations/follow-job.ts';
import { followMessage } from '../operations/follow-message.ts';
import { followSign } from '../operations/follow-sign.ts';
import { patiently } from '../operations/patience.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import type { SmokeView } from '../output/smoke-text.ts';
import { addJobs } from './add-jobs.ts';
import type { Session } from './session.ts';
import { checksOf } from './smoke-checks.ts';
import { cleanUp, leftBehind } from './smoke-clean-up.ts';
import { type SmokeJob, type SmokeOrder, smokeJob } from './smoke-job.ts';
import { CLOCKS_APART, workerTrace } from './worker-trace.ts';

type Say = (text: string) => void;

/** Adds one job of its own, follows it to its end, sees what else died meanwhile, and takes it away again. */
export async function smokeQueue(
  session: Session,
  ports: Ports,
  pace: Pace,
  order: SmokeOrder,
  say: Say,
): Promise<SmokeView | Report> {
  const job = await smokeJob(session, order);
  try {
    return await smoked(session, ports, pace, order, job, say);
  } finally {
    await job.replies?.letGo();
  }
}

async function smoked(
  session: Session,
  ports: Ports,
  pace: Pace,
  { queue, reason }: SmokeOrder,
  job: SmokeJob,
  say: Say,
): Promise<SmokeView | Report> {
  const { reader, context, redact } = session;
  const { type, mark, within, replies, logPattern, sign, warnings } = job;
  const died = await deadSince(reader, queue);
  const deadBefore = reader.reads === 'receive' ? await deadOf(reader, queue) : 0;
  // where the answer may not be received, that is told before anything is sent
  if (!pace.dryRun) await replies?.look(mark);
  const added = await addJobs(session, ports, pace, {
    verb: 'smoke',
    queue,
    jobs: job.jobs(),
    skipInvalid: false,
    newQueue: false,
    reason,
    warnings,
  });
  if (added.dryRun) return added;
  const id = added.made?.[0];
  if (id === undefined) throw notAdded(added);
  const { run = '' } = added;
  const watch = watchOf(pace, say);
  try {
    const followed = await follow(session, { queue, id }, job, deadBefore, watch, say);
    const { ended, waitedSeconds, reply } = followed;
    const newlyDead = Math.max(0, (await patiently(died, watch)) - (ended === 'dead' ? 1 : 0));
    const remains = await cleanUp(session, ports, { queue, id }, run, followed);
    const seenBy = await seenIn(session, queue, [id, mark], followed, sign !== undefined);
    const why = followed.job?.error?.message ?? reply?.error;
    const error = why === undefined ? undefined : String(redact(why));
    const missing = sign?.missing(id);
    const checks = checksOf({ followed, within, newlyDead, remains, error, missing, answers: replies?.name });
    return {
      context: context.name,
      backend: reader.backend.name,
      queue,
      type,
      ok: checks.every(({ ok }) => ok),
      ...(added.run === undefined ? {} : { run: added.run }),
      job: id,
      ended,
      ...(seenBy === undefined ? {} : { seenBy }),
      ...(replies === undefined ? {} : { replyQueue: replies.name, othersMet: replies.others }),
      ...(logPattern === undefined ? {} : { logPattern }),
      waitedSeconds,
      newlyDead,
      cleanedUp: remains.why === undefined,
      checks,
    };
  } catch (error) {
    throw leftBehind(error, id, run);
  }
}

const watchOf = ({ signal }: Pace, say: Say) => ({
  now: () => performance.now() / 1000,
  sleep: (seconds: number) => sleep(seconds * 1000, undefined, { signal }).catch(() => {}),
  signal,
  missed: ({ message }: JobctlError) => say(`${message}; looking again`),
});

async function follow(
  { reader }: Session,
  ref: JobRef,
  { within, sign }: SmokeJob,
  deadBefore: number,
  watch: ReturnType<typeof watchOf>,
  say: Say,
): Promise<Followed> {
  if (reader.reads === 'peek')
    return await followJob(reader, ref, within, { ...watch, show: ({ state }) => say(`job ${ref.id}: ${state}`) });
  const counted = { ...watch, show: (text: string) => say(`${ref.queue}: ${text}`) };
  return sign === undefined
    ? await followMessage(reader, ref, within, deadBefore, counted)
    : await followSign(reader, ref, within, deadBefore, sign, counted);
}

/** By what its end was seen; undefined where a sign was waited for in vain. */
async function seenIn(
  { reader }: Session,
  queue: string,
  texts: readonly string[],
  { ended, waitedSeconds, seenBy }: Followed,
  isAwaited: boolean,
): Promise<string | undefined> {
  if (seenBy !== undefined) return seenBy;
  if (ended === 'gone')
    return (await workerTrace(reader, queue, texts, Math.ceil(waitedSeconds) + CLOCKS_APART)) ?? 'its disappearance';
  return isAwaited && ended !== 'dead' ? undefined : 'its state';
}

const notAdded = ({ stopped, failed, skipped }: Report): JobctlError =>
  new JobctlError(
    'partial',
    `The job could not be added: ${stopped ?? failed[0]?.why ?? skipped[0]?.why ?? 'nobody says why'}.`,
    { next: ['jobctl run list'] },
  );
