/** What a job has been through. Times are milliseconds from the seed's "now"; what has happened lies below zero. */
export interface Life {
  readonly status: 'todo' | 'doing' | 'succeeded' | 'failed' | 'cancelled';
  readonly attempts: number;
  readonly events: readonly LifeEvent[];
  readonly scheduledAt?: number;
}

export interface LifeEvent {
  readonly type: 'deferred' | 'scheduled' | 'started' | 'deferred_for_retry' | 'succeeded' | 'failed' | 'cancelled';
  readonly at: number;
  /** When it was written down: not the same for a `scheduled` event, whose `at` is the planned time. */
  readonly written: number;
}

export const second = 1000;
export const minute = 60 * second;
export const hour = 60 * minute;
export const day = 24 * hour;

/** How long the workers wait before the next attempt. */
const backoff = (attempts: number): number => 2 ** attempts * minute;
const attemptsAllowed = 3;

const event = (type: LifeEvent['type'], at: number): LifeEvent => ({ type, at, written: at });
const planned = (at: number, written: number): LifeEvent => ({ type: 'scheduled', at, written });

export const waiting = (created: number): Life => ({
  status: 'todo',
  attempts: 0,
  events: [event('deferred', created)],
});

export const scheduled = (created: number, scheduledAt: number): Life => ({
  status: 'todo',
  attempts: 0,
  scheduledAt,
  events: [event('deferred', created), planned(scheduledAt, created)],
});

export const cancelled = (created: number, at: number): Life => ({
  status: 'cancelled',
  attempts: 0,
  events: [event('deferred', created), event('cancelled', at)],
});

export const active = (created: number, started: number): Life => ({
  status: 'doing',
  attempts: 0,
  events: [event('deferred', created), event('started', started)],
});

export const completed = (created: number, started: number, took: number): Life => ({
  status: 'succeeded',
  attempts: 1,
  events: [event('deferred', created), event('started', started), event('succeeded', started + took)],
});

/** Failed once or twice, and will run again by itself. */
export function retrying(created: number, started: number, took: number, next: number): Life {
  const failed = started + took;
  const events = [
    event('deferred', created),
    event('started', started),
    event('deferred_for_retry', failed),
    planned(next, failed),
  ];
  return { status: 'todo', attempts: 1, scheduledAt: next, events };
}

/** Used up all its attempts, each as long as the others. */
export function dead(created: number, started: number, took: number): Life {
  const events = [event('deferred', created)];
  let at = started;
  let scheduledAt = created;
  for (let attempt = 1; attempt < attemptsAllowed; attempt += 1) {
    scheduledAt = at + took + backoff(attempt);
    events.push(event('started', at), event('deferred_for_retry', at + took), planned(scheduledAt, at + took));
    at = scheduledAt + second;
  }
  events.push(event('started', at), event('failed', at + took));
  return { status: 'failed', attempts: attemptsAllowed, scheduledAt, events };
}

/** From the first attempt to the end of the last, when each takes this long. */
export const timeToDie = (took: number): number => {
  const { events } = dead(0, 0, took);
  return events.at(-1)?.at ?? 0;
};
