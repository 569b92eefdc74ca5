import { JobctlError } from '../../domain/errors.ts';
import type { Connection } from './connection.ts';
import { keysOf, type QueueKeys, tagOf } from './keys.ts';
import type { Layout } from './layout.ts';
import type { Locks } from './lock.ts';

/** What every write needs. */
export interface Desk {
  readonly connection: Connection;
  readonly prefix: string;
  readonly locks: Locks;
  /** What is given back when the adapter closes. */
  readonly owed: Set<() => Promise<void>>;
  layoutOf(queue: string): Promise<Layout>;
}

export interface Place {
  readonly keys: QueueKeys;
  /** Whose way of pausing the queue knows. */
  readonly layout: 'v5' | 'v6';
}

/** The queue, if it may be written to. */
export async function writable(desk: Desk, queue: string): Promise<Place> {
  const { connection, prefix } = desk;
  if (connection.server.cluster && tagOf(`${prefix}:${queue}:`) === undefined)
    throw new JobctlError(
      'unsupported',
      `The keys of ${queue} lie in several slots of the cluster, because neither the prefix ${prefix} nor the name has braces: no script can write to them all.`,
      {
        next: [
          'BullMQ needs braces there too: new Queue(name, { prefix: "{bull}" }).',
          'Then say so here: prefix: "{bull}" in the context, or ?prefix=%7Bbull%7D in the URL.',
        ],
      },
    );
  const layout = await desk.layoutOf(queue);
  if (layout.name === 'v5' || layout.name === 'v6') return { keys: keysOf(desk.prefix, queue), layout: layout.name };
  const whose = layout.name === 'bull' ? 'Bull' : `BullMQ ${layout.name.slice(1)}`;
  throw new JobctlError(
    'unsupported',
    `${queue} is a queue of ${whose} (${layout.why}), and jobctl only reads those: its workers would not see a job that was put back the newer way.`,
    { next: ['Move the workers to BullMQ 5 or later; they go on with the same queue.'] },
  );
}
