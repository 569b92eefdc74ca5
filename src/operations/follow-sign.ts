import type { QueueReader } from '../domain/adapter.ts';
import type { JobRef } from '../domain/job.ts';
import type { Reply } from '../domain/reply.ts';
import type { Followed } from './follow-job.ts';
import { type MessagePorts, type Sight, sightOf } from './follow-message.ts';
import { patiently } from './patience.ts';

const SHORTEST = 0.5;
const LONGEST = 5;

/** What a worker leaves behind somewhere when it is done with a job, for whoever waits for it. */
export interface Sign {
  /** Seconds between two looks; a look itself may wait. */
  readonly rest: number;
  /** That it is not there, in words: `no reply came to replies`. */
  missing(id: string): string;
  /** Undefined while it is not there. `left`: how many seconds there still are. */
  look(id: string, left: number): Promise<Seen | undefined>;
}

export interface Seen {
  /** Where it was seen: `the reply queue replies`. */
  readonly by: string;
  /** What the worker answered, where it was asked to; without one the job was done well. */
  readonly reply?: Reply | undefined;
}

/**
 * Follows one job until the sign of its worker is there, or it is found among the dead. That it has left its queue proves
 * nothing here: a sign was asked for, and is waited for until the time is over.
 */
export async function followSign(
  reader: QueueReader,
  ref: JobRef,
  within: number,
  deadBefore: number,
  sign: Sign,
  ports: MessagePorts,
): Promise<Followed> {
  const counts = sightOf(reader, ref.queue, [ref.id], ports.now, deadBefore);
  const begun = ports.now();
  const rest = (): number => within - (ports.now() - begun);
  let sight: Sight | undefined;
  const look = async (): Promise<Sight> => {
    const seen = await patiently(counts, ports, rest());
    if (seen.text !== sight?.text) ports.show(seen.text);
    sight = seen;
    return seen;
  };
  let due = begun;
  for (let pause = SHORTEST; ; ) {
    // once it has left, it lies nowhere: to look through the dead again and again would tell nothing
    if (sight?.isEmpty !== true && ports.now() >= due) {
      await look();
      due = ports.now() + pause;
      pause = Math.min(LONGEST, pause * 1.5);
    }
    const seen = await patiently(() => sign.look(ref.id, rest()), ports, rest());
    const reply = seen?.reply;
    // what its worker gave up may lie among the dead by now
    if (reply?.ok === false) await look();
    const waitedSeconds = ports.now() - begun;
    const [job] = sight?.died ?? [];
    if (job !== undefined) return { ended: 'dead', job, waitedSeconds, ...(reply && { reply }) };
    if (seen !== undefined)
      return {
        ended: reply?.ok === false ? 'failed' : 'completed',
        seenBy: seen.by,
        waitedSeconds,
        ...(reply && { reply }),
      };
    const missing = sign.missing(ref.id);
    const note = sight?.isEmpty
      ? `it left the queue, but ${missing}`
      : `${missing}; ${sight?.text}: it may be one of these`;
    if (ports.signal.aborted) return { ended: 'stopped', waitedSeconds, note };
    if (waitedSeconds >= within) return { ended: 'timeout', waitedSeconds, note };
    await ports.sleep(Math.min(sign.rest, within - waitedSeconds));
  }
}
