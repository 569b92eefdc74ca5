import type { QueueKeys } from './keys.ts';
import { stateSets } from './sets.ts';

/**
 * What we keep in Redis ourselves, all of it with an end; only a paused scheduler lies there until it is resumed. Beside the queue's own keys and not among them, where BullMQ would
 * take it for jobs that stand nowhere; under the same prefix, so that an ACL which allows the one allows the other; and with
 * the queue's name in it, so that it lies in the same slot.
 */
export const ownKey = (prefix: string, queue: string, what: string): string => `${prefix}:.jobctl:${queue}:${what}`;

/** The keys of every script that writes, in the order that `shared.lua` wants. The keys of the jobs follow. */
export const scriptKeys = (prefix: string, keys: QueueKeys, mark: string): string[] => [
  ownKey(prefix, keys.queue, 'lock'),
  ownKey(prefix, keys.queue, 'held'),
  ownKey(prefix, keys.queue, `mark:${mark}`),
  ...stateKeys(keys),
  ...[keys.meta, keys.marker, keys.events, keys.pc, keys.id, keys.stalled, keys.repeat],
];

export const stateKeys = (keys: QueueKeys): string[] => stateSets.map(({ key }) => key(keys));

/** Schedulers that are paused, by id: what it takes to put them back. The scripts find it beside the lock. */
export const pausedSchedulers = (prefix: string, queue: string): string => ownKey(prefix, queue, 'schedulers');
