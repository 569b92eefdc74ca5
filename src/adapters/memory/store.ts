import type { Instant } from '../../domain/instant.ts';
import type { JobRef } from '../../domain/job.ts';
import { jobText, type MemoryJob, type MemorySchedule, type MemorySeed } from './memory-job.ts';

export interface Entry {
  readonly job: MemoryJob;
  /** Grows with every write to any job: tells whether somebody wrote in between. */
  readonly version: number;
  /** The operator's write that made it so; undefined when a worker was the last. */
  readonly mark: string | undefined;
}

/** Who keeps a queue for itself. */
export interface LockHolder {
  readonly holder: string;
  readonly since: Instant;
  readonly lost: AbortController;
}

export const keyOf = ({ queue, id }: JobRef): string => `${queue}\n${id}`;

/** The backend itself. Several adapters and workers may share one; each method is one indivisible step. */
export class MemoryStore {
  readonly clock: () => Instant;
  readonly queues = new Set<string>();
  /** Queues that no worker takes from. */
  readonly paused = new Set<string>();
  /** Jobs that somebody holds, by key, with the mark of the claim. */
  readonly held = new Map<string, string>();
  readonly locks = new Map<string, LockHolder>();
  /** By queue and id. */
  readonly schedules = new Map<string, MemorySchedule>();
  /** Which jobs each claim wrote, by mark. */
  readonly #written = new Map<string, Set<string>>();
  readonly #entries = new Map<string, Entry>();
  /** The jobs that wait under an idempotency key. */
  readonly #waiting = new Map<string, Set<string>>();
  #seq = 0;
  #version = 0;
  #marks = 0;

  constructor(clock: () => Instant) {
    this.clock = clock;
  }

  nextMark(): string {
    this.#marks += 1;
    return `w${this.#marks}`;
  }

  /** All entries, oldest first. */
  entries(): Entry[] {
    return [...this.#entries.values()].sort((a, b) => a.job.seq - b.job.seq);
  }

  get(ref: JobRef): Entry | undefined {
    return this.#entries.get(keyOf(ref));
  }

  add(seed: MemorySeed): MemoryJob {
    this.#seq += 1;
    const now = this.clock();
    const {
      id = String(this.#seq),
      type = 'job',
      state = 'waiting',
      retrying = false,
      attempts = 0,
      payload = '{}',
    } = seed;
    const lease = state === 'active' && { worker: 'worker-0', leaseUntil: '9999-12-31T00:00:00.000000Z' };
    const given = Object.fromEntries(Object.entries(seed).filter(([, value]) => value !== undefined)) as MemorySeed;
    const job = {
      createdAt: now,
      since: now,
      ...lease,
      ...given,
      id,
      type,
      state,
      retrying,
      attempts,
      payload,
      seq: this.#seq,
    };
    this.put(job);
    return job;
  }

  put(job: MemoryJob, mark?: string): void {
    const key = keyOf(job);
    this.#forget(key);
    this.queues.add(job.queue);
    this.#version += 1;
    this.#entries.set(key, { job, version: this.#version, mark });
    if (job.key !== undefined && (job.state === 'waiting' || job.state === 'delayed')) {
      this.#waiting.set(job.key, (this.#waiting.get(job.key) ?? new Set()).add(key));
    }
    this.#note(key, mark);
  }

  remove(ref: JobRef, mark?: string): void {
    this.#forget(keyOf(ref));
    this.#note(keyOf(ref), mark);
  }

  /** True when another job with the same idempotency key waits. */
  hasTwin(job: MemoryJob): boolean {
    const twins = job.key === undefined ? undefined : this.#waiting.get(job.key);
    return twins !== undefined && [...twins].some((key) => key !== keyOf(job));
  }

  wrote(mark: string, ref: JobRef): boolean {
    return this.#written.get(mark)?.has(keyOf(ref)) ?? false;
  }

  /** Every job, one a line: equal texts, equal backends. */
  dump(): string {
    return this.entries()
      .map(({ job }) => jobText(job))
      .join('\n');
  }

  #forget(key: string): void {
    const old = this.#entries.get(key);
    if (old?.job.key !== undefined) this.#waiting.get(old.job.key)?.delete(key);
    this.#entries.delete(key);
  }

  #note(key: string, mark: string | undefined): void {
    if (mark !== undefined) this.#written.set(mark, (this.#written.get(mark) ?? new Set()).add(key));
  }
}
