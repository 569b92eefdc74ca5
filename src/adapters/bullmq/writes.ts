import type { QueueAdapter } from '../../domain/adapter.ts';
import type { Capability } from '../../domain/capability.ts';
import type { Claims } from '../../domain/claim.ts';
import { claims } from './claim.ts';
import type { Connection } from './connection.ts';
import type { Desk } from './desk.ts';
import { enqueues } from './enqueue.ts';
import type { Layout } from './layout.ts';
import { Locks } from './lock.ts';
import { pauses } from './pause.ts';
import { restoring, reverting } from './returns.ts';
import { schedulerWrites } from './scheduler-writes.ts';
import { settle } from './settle.ts';

/** The layout of a queue as it is now. */
export type LayoutOf = (queue: string) => Promise<Layout>;

export interface Writes {
  readonly can: QueueAdapter['can'];
  readonly desk: Desk;
  /** Lets go of all that is held; called before the connection closes. */
  close(): Promise<void>;
}

export function writes(connection: Connection, prefix: string, layoutOf: LayoutOf): Writes {
  const desk: Desk = { connection, prefix, layoutOf, locks: new Locks(connection, prefix), owed: new Set() };
  return {
    can: capabilities(desk),
    desk,
    async close() {
      for (const giveBack of [...desk.owed]) await giveBack().catch(() => {});
      await desk.locks.close();
    },
  };
}

function capabilities(desk: Desk): QueueAdapter['can'] {
  const offer = <Ops>(ops: Ops): Capability<Ops> =>
    desk.connection.server.readOnly
      ? {
          level: 'none',
          refused: true,
          why: 'This server is a read-only replica.',
          instead: 'Point the context at the primary.',
        }
      : { level: 'native', ops };
  const acts: Claims = {
    claim: (request) => claims(desk, request),
    settle: (intent) => settle(desk, intent),
  };
  const cancel = offer(acts);
  const schedule = offer(schedulerWrites(desk));
  return {
    replay: offer(acts),
    reset: offer(acts),
    remove: offer(acts),
    cancel:
      cancel.level === 'native'
        ? {
            level: 'emulated',
            ops: cancel.ops,
            caveat:
              'BullMQ knows no cancelled jobs: a waiting or delayed one is taken out of the queue and is then only in the backup of the run; an active one is left alone.',
          }
        : cancel,
    edit: offer(acts),
    restore: offer(restoring(desk)),
    revert: offer(reverting(desk)),
    pause: offer(pauses(desk)),
    enqueue: offer(enqueues(desk)),
    schedule:
      schedule.level === 'native'
        ? {
            level: 'emulated',
            ops: schedule.ops,
            caveat:
              'BullMQ pauses no scheduler: a paused one is taken out with its next run and kept in Redis beside the queue until it is resumed; an application that makes it again when it starts ends the pause. Repeatable jobs of before 5.16 are only listed.',
          }
        : schedule,
    lock: offer({ acquire: (request) => desk.locks.acquire(request) }),
  };
}
