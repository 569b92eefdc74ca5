import { JobctlError } from '../domain/errors.ts';
import type { JobRef, JobState } from '../domain/job.ts';
import type { Followed } from '../operations/follow-job.ts';
import type { Ports } from '../operations/ports.ts';
import type { Session } from './session.ts';
import { takeAway } from './take-away.ts';

/** What is left of a smoke test. */
export interface Remains {
  /** `gone`: its worker has taken it away, or it was met nowhere. */
  readonly fate: 'taken' | 'gone' | 'left';
  /** Why something is still there; missing where nothing is. */
  readonly why?: string | undefined;
  /** How that is known, where it is not plain. */
  readonly note?: string | undefined;
}

const removable: readonly JobState[] = ['waiting', 'delayed', 'blocked', 'completed', 'dead', 'cancelled'];

/** Takes the job away, if it is still there. It is a run of its own, with a backup. */
export async function cleanUp(
  session: Session,
  ports: Ports,
  ref: JobRef,
  run: string,
  { ended, reply }: Followed,
): Promise<Remains> {
  const remains = await removed(session, ports, ref, run, ended);
  if (reply?.left === undefined) return remains;
  const why = [remains.why, `its reply is still there: ${reply.left}`].filter((one) => one !== undefined).join('; ');
  return { ...remains, why };
}

async function removed(
  session: Session,
  ports: Ports,
  { queue, id }: JobRef,
  run: string,
  ended: Followed['ended'],
): Promise<Remains> {
  const { reader } = session;
  const looks = reader.reads === 'receive';
  // who has answered well deletes it, and may do so a moment later
  const isOver = looks ? ended === 'gone' || ended === 'completed' : (await reader.find(id, queue)) === undefined;
  if (isOver) return { fate: 'gone' };
  // whoever says that it failed may have deleted it, let it go to be tried again, or seen it die
  const maybe = ended === 'failed';
  const isThere = `job ${id} ${maybe ? 'may still be there' : 'is still there'}`;
  try {
    const report = await takeAway(session, ports, {
      queue,
      ids: [id],
      states: looks ? (ended === 'dead' ? ['dead'] : maybe ? ['waiting', 'dead'] : ['waiting']) : removable,
      reason: 'the job of a smoke test',
    });
    if (report.outcomes.done > 0) return { fate: 'taken' };
    const [skipped] = report.skipped;
    if (maybe && skipped?.why === 'not-found')
      return { fate: 'gone', note: 'it was met neither in its queue nor among the dead' };
    return { fate: 'left', why: `${isThere}: ${skipped?.why ?? report.stopped}` };
  } catch (error) {
    const next = looks ? ` Later: jobctl undo ${run} --receive` : '';
    return { fate: 'left', why: `${isThere}: ${(error as Error).message}${next}` };
  }
}

/** What broke the test off, with the way to take away what it added. */
export const leftBehind = (error: unknown, job: string, run: string): unknown =>
  error instanceof JobctlError
    ? new JobctlError(error.kind, `${error.message.replace(/\.$/, '')}. What became of job ${job} is not known.`, {
        next: [`jobctl undo ${run}   # later: takes it away, unless a worker has it`, ...error.next],
        cause: error,
      })
    : error;
