import type { Followed } from '../operations/follow-job.ts';
import { duration } from '../output/age.ts';
import type { SmokeCheck } from '../output/smoke-text.ts';
import type { Remains } from './smoke-clean-up.ts';

export interface SmokeFacts {
  readonly followed: Followed;
  /** Seconds. */
  readonly within: number;
  readonly newlyDead: number;
  readonly remains: Remains;
  /** What went wrong, without secrets. */
  readonly error?: string | undefined;
  /** The reply queue that its worker was asked to answer in. */
  readonly answers?: string | undefined;
  /** How it is told that the sign of its worker did not come, where one was waited for. */
  readonly missing?: string | undefined;
}

const because = (error: string | undefined): string => (error === undefined ? '' : `: ${error}`);

export function checksOf(facts: SmokeFacts): SmokeCheck[] {
  const { followed, within, newlyDead, remains, error, answers } = facts;
  const { ended, waitedSeconds, note, seenBy } = followed;
  const isDone = ended === 'completed' || ended === 'gone';
  const how: Readonly<Record<Followed['ended'], string>> = {
    completed: `after ${duration(waitedSeconds)}${seenBy === undefined ? '' : `, seen by ${seenBy}`}`,
    gone: `after ${duration(waitedSeconds)}; it is ${note ?? 'not there any more'}`,
    failed: `its worker answered in ${answers} that it failed${because(error)}`,
    dead: `it died${because(error)}`,
    cancelled: 'it was cancelled',
    timeout: tooLate(facts),
    stopped: `the wait was stopped${note === undefined ? '' : `; ${note}`}`,
  };
  return [
    { name: `completes within ${duration(within)}`, ok: isDone, note: how[ended] },
    {
      name: 'nothing else died meanwhile',
      ok: newlyDead === 0,
      ...(newlyDead === 0 ? {} : { note: `${newlyDead} did; jobctl dlq list shows them` }),
    },
    { name: 'cleaned up', ok: remains.why === undefined, ...noteOn(remains) },
  ];
}

/** Where only counts were seen, it is known to have waited when it could be taken away from there. */
function tooLate({ followed: { job, note }, remains, missing }: SmokeFacts): string {
  const was = job?.retrying ? 'it failed, and waits to be tried again' : `it was still ${job?.state ?? 'waiting'}`;
  if (note === undefined) return was;
  if (remains.fate !== 'taken') return note;
  return missing === undefined ? was : `${was}, and ${missing}`;
}

const noteOn = ({ why, note }: Remains): { note?: string } => {
  const text = why ?? note;
  return text === undefined ? {} : { note: text };
};
