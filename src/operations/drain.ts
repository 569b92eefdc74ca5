import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { QueueStats } from '../domain/stats.ts';
import { patiently } from './patience.ts';

export interface DrainRequest {
  readonly queues: readonly string[];
  /** Seconds to wait at most. */
  readonly within: number;
  /** Also jobs that are not due yet. */
  readonly includeDelayed: boolean;
  /** Only until no job runs: what waits is left to wait. */
  readonly activeOnly: boolean;
  /** Seconds between two looks. */
  readonly every: number;
}

/** What there is still to wait for. */
export interface Left {
  readonly waiting: number;
  readonly delayed: number;
  readonly active: number;
  /** Held by a lock or a dependency: these run later, so they are waited for. */
  readonly blocked: number;
}

export interface DrainStep {
  readonly left: Left;
  readonly exact: boolean;
  /** All that is waited for. */
  readonly remaining: number;
  /** Jobs a second by which it shrinks; undefined while that is not known, 0 when it does not. */
  readonly perSecond?: number | undefined;
  readonly waitedSeconds: number;
}

export interface Drained extends DrainStep {
  readonly drained: boolean;
  /** Why the wait ended early. */
  readonly stopped?: 'timeout' | 'cancelled' | undefined;
}

export interface DrainPorts {
  /** Seconds on a clock that never goes back. */
  now(): number;
  /** Ends early when the wait is cancelled. */
  sleep(seconds: number): Promise<unknown>;
  readonly signal: AbortSignal;
  show(step: DrainStep): void;
  /** Called when a look got no answer, and is made again. */
  missed?(error: JobctlError): void;
}

/** Seconds over which the rate is taken. */
const WINDOW = 60;
/** Where counts are estimates and the backend does not say when a zero is one. */
const cautious = { looks: 5, seconds: 60 };
/** A look may take at most this part of the time: a slow backend is asked less often. */
const LOAD = 1 / 20;

/** Waits until the workers have emptied the queues. Only looks; what it finds at the end is in the answer. */
export async function drain(reader: QueueReader, request: DrainRequest, ports: DrainPorts): Promise<Drained> {
  const begun = ports.now();
  const seen: { at: number; remaining: number }[] = [];
  let empty: { since: number; looks: number } | undefined;
  const missed = (error: JobctlError): void => {
    empty = undefined; // nobody saw what it was meanwhile
    ports.missed?.(error);
  };
  const watch = { ...ports, missed };
  for (;;) {
    const before = ports.now();
    const look = (): Promise<QueueStats[]> => reader.stats({ queues: request.queues });
    // a place that cannot be reached at all is said at once
    const stats = seen.length === 0 ? await look() : await patiently(look, watch, begun + request.within - before);
    const at = ports.now();
    if (seen.length === 0) refuseHopeless(stats, request);
    const left = leftOf(stats);
    const remaining = remainingOf(left, request);
    seen.push({ at, remaining });
    while (seen.length > 2 && (seen[0]?.at ?? at) < at - WINDOW) seen.shift();
    const exact = stats.every((one) => one.exact);
    const step: DrainStep = { left, exact, remaining, perSecond: rateOf(seen), waitedSeconds: at - begun };
    ports.show(step);
    empty = remaining > 0 ? undefined : { since: empty?.since ?? at, looks: (empty?.looks ?? 0) + 1 };
    const rule = reader.backend.emptyAfter ?? (exact ? { looks: 1, seconds: 0 } : cautious);
    if (empty !== undefined && empty.looks >= rule.looks && at - empty.since >= rule.seconds)
      return { ...step, drained: true };
    if (ports.signal.aborted) return { ...step, drained: false, stopped: 'cancelled' };
    const rest = begun + request.within - at;
    if (rest <= 0) return { ...step, drained: false, stopped: 'timeout' };
    await ports.sleep(Math.min(rest, Math.max(request.every, (at - before) / LOAD)));
  }
}

function leftOf(stats: readonly QueueStats[]): Left {
  const sum = (of: (one: QueueStats) => number): number => stats.reduce((all, one) => all + of(one), 0);
  // states that this version does not know are shown as blocked, and nobody can say that they will ever end
  const strange = (one: QueueStats): number => Object.values(one.other).reduce((all, count) => all + count, 0);
  return {
    waiting: sum(({ counts }) => counts.waiting),
    delayed: sum(({ counts }) => counts.delayed),
    active: sum(({ counts }) => counts.active),
    blocked: sum((one) => Math.max(0, one.counts.blocked - strange(one))),
  };
}

function remainingOf({ waiting, delayed, active, blocked }: Left, request: DrainRequest): number {
  if (request.activeOnly) return active;
  return waiting + active + blocked + (request.includeDelayed ? delayed : 0);
}

function rateOf(seen: readonly { readonly at: number; readonly remaining: number }[]): number | undefined {
  const [first] = seen;
  const last = seen.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return undefined;
  return Math.max(0, (first.remaining - last.remaining) / (last.at - first.at));
}

/** A paused queue never empties: better said at once than after half an hour. */
function refuseHopeless(stats: readonly QueueStats[], { activeOnly }: DrainRequest): void {
  const stuck = stats.find(({ paused, counts }) => paused === true && counts.waiting > 0);
  if (activeOnly || stuck === undefined) return;
  const { queue, counts } = stuck;
  throw new JobctlError('refused', `${queue} is paused: nothing takes the ${counts.waiting} jobs that wait in it.`, {
    next: [
      `jobctl drain ${queue} --active-only   # only until the running jobs have ended`,
      `jobctl drain ${queue} --evacuate      # take the waiting jobs out, into a backup`,
      `jobctl resume ${queue}`,
    ],
  });
}
