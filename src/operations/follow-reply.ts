import type { QueueReader } from '../domain/adapter.ts';
import type { JobRef } from '../domain/job.ts';
import type { ReplyQueue } from '../domain/reply.ts';
import type { Followed } from './follow-job.ts';
import { type MessagePorts, type Sight, sightOf } from './follow-message.ts';
import { patiently } from './patience.ts';

const SHORTEST = 0.5;
const LONGEST = 5;
/** Between two looks for the answer; a look itself may wait for one. */
const REST = 0.5;

/** The answer that is waited for. */
export interface Awaited {
  readonly from: ReplyQueue;
  readonly mark: string;
}

/**
 * Follows one job until its worker has answered, or it is found among the dead. That it has left its queue proves nothing
 * here: an answer was asked for, and is waited for until the time is over.
 */
export async function followReply(
  reader: QueueReader,
  ref: JobRef,
  within: number,
  deadBefore: number,
  { from, mark }: Awaited,
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
    const reply = await patiently(() => from.look(mark), ports, rest());
    // what its worker gave up may lie among the dead by now
    if (reply?.ok === false) await look();
    const waitedSeconds = ports.now() - begun;
    const [job] = sight?.died ?? [];
    if (job !== undefined) return { ended: 'dead', job, waitedSeconds, ...(reply && { reply }) };
    if (reply !== undefined) return { ended: reply.ok ? 'completed' : 'failed', reply, waitedSeconds };
    const note = sight?.isEmpty
      ? `it left the queue, but no reply came to ${from.name}`
      : `no reply came to ${from.name}; ${sight?.text}: it may be one of these`;
    if (ports.signal.aborted) return { ended: 'stopped', waitedSeconds, note };
    if (waitedSeconds >= within) return { ended: 'timeout', waitedSeconds, note };
    await ports.sleep(Math.min(REST, within - waitedSeconds));
  }
}
