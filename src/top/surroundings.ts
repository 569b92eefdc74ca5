import type { QueueReader, Worker } from '../domain/adapter.ts';
import type { Schedule } from '../domain/schedule.ts';

export interface Found {
  readonly workers?: readonly Worker[] | undefined;
  readonly schedules?: readonly Schedule[] | undefined;
  /** What could not be had, and why. */
  readonly missing: readonly string[];
}

/** On SQS other services tell of these, for money: an open screen asks them once a minute, however often it looks. */
const KEPT_MS = 60_000;

/** Who works on a queue and what feeds it, by the ticket of the screen that shows it. */
export class Surroundings {
  readonly #kept = new Map<number, { readonly until: number; readonly found: Found }>();

  async of(ticket: number, reader: QueueReader, queue: string): Promise<Found> {
    const kept = this.#kept.get(ticket);
    if (kept !== undefined && performance.now() < kept.until) return kept.found;
    const found = await askFor(reader, queue);
    if (reader.reads === 'receive') this.#kept.set(ticket, { until: performance.now() + KEPT_MS, found });
    return found;
  }

  forget(ticket: number): void {
    this.#kept.delete(ticket);
  }
}

/** They may be away or closed to us: the numbers of the queue are shown all the same. */
async function askFor(reader: QueueReader, queue: string): Promise<Found> {
  const missing: string[] = [];
  const had = async <Value>(what: string, value: Promise<Value> | undefined): Promise<Value | undefined> => {
    try {
      return await value;
    } catch (error) {
      missing.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  // where only those are known that hold a job, their jobs tell more than they do
  const partly = reader.backend.workersNote !== undefined;
  const workers = partly ? undefined : await had('workers', reader.workers?.());
  const schedules = await had('schedules', reader.schedules?.([queue]));
  return { workers: workers?.filter((one) => (one.queue ?? queue) === queue), schedules, missing };
}
