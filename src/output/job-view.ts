import type { Instant } from '../domain/instant.ts';
import type { Job, JobDetail, JobError, JobState, TimelineEntry } from '../domain/job.ts';
import { payloadValue, toJson } from '../domain/payload.ts';

declare const redactedOnce: unique symbol;

/**
 * A job as `--json` prints it, secrets taken out. Only `jobView` can make one, and the views take nothing else, so no
 * payload reaches a screen or a script unredacted by mistake.
 */
export interface JobView {
  readonly id: string;
  readonly queue: string;
  readonly type: string;
  readonly state: JobState;
  readonly native: string;
  readonly retrying: boolean;
  readonly attempts: number;
  readonly maxAttempts?: number | undefined;
  readonly priority?: number | undefined;
  readonly lane?: string | undefined;
  readonly tenant?: string | undefined;
  readonly key?: string | undefined;
  readonly since?: Instant | undefined;
  readonly createdAt?: Instant | undefined;
  readonly worker?: string | undefined;
  readonly stuck?: string | undefined;
  readonly resolved?: string | undefined;
  readonly error?: JobError | undefined;
  /** The value, where the payload is JSON; else its text. May hold BigInts: print it with `toJson`. */
  readonly payload: unknown;
  readonly [redactedOnce]: true;
}

/** Takes secrets out of a value: a copy of a payload, an error text. */
export type Redact = (value: unknown) => unknown;

export function jobView(job: Job, redact: Redact): JobView {
  const text = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : String(redact(value));
  const error =
    job.error && present({ message: text(job.error.message), class: job.error.class, stack: text(job.error.stack) });
  return present({ ...bare(job), error, payload: redact(payloadValue(job.payload)) }) as unknown as JobView;
}

/**
 * The job for a `--where` predicate: the same fields, nothing taken out, and nothing missing. A field that `--json` leaves
 * out is null here and an error's texts are empty, so that `error.message.contains("timeout")` is false and no fault.
 */
export function jobFacts(job: Job): Record<string, unknown> {
  const all = Object.fromEntries(Object.entries(bare(job)).map(([name, value]) => [name, value ?? null]));
  const { message = '', class: kind = '', stack = '' } = job.error ?? {};
  return { ...all, error: { message, class: kind, stack }, payload: payloadValue(job.payload) };
}

/** In the order in which they are printed. */
const bare = (job: Job) => ({
  id: job.id,
  queue: job.queue,
  type: job.type,
  state: job.state,
  native: job.native,
  retrying: job.retrying,
  attempts: job.attempts,
  maxAttempts: job.maxAttempts,
  priority: job.priority,
  lane: job.lane,
  tenant: job.tenant,
  key: job.key,
  since: job.since,
  createdAt: job.createdAt,
  worker: job.worker,
  stuck: job.stuck,
  resolved: job.resolved,
});

const present = (value: object): object =>
  Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));

/** What `job show --json` prints below its schemaVersion. */
export interface JobDetailView {
  readonly job: JobView;
  readonly timeline: readonly TimelineEntry[];
  readonly links: JobDetail['links'];
  readonly notes: readonly string[];
}

export const jobDetailView = (detail: JobDetail, redact: Redact): JobDetailView => ({
  job: jobView(detail.job, redact),
  timeline: detail.timeline.map((entry) =>
    entry.note === undefined ? entry : { ...entry, note: redactedNote(entry.note, redact) },
  ),
  links: detail.links,
  notes: detail.notes,
});

/** A result or a progress is noted as JSON: its fields are secrets by the same names as those of a payload. */
function redactedNote(note: string, redact: Redact): string {
  const value = /^\s*[[{]/.test(note) ? payloadValue(note) : note;
  return typeof value === 'string' ? String(redact(note)) : toJson(redact(value));
}

/** The payload for the eye: indented JSON, or the text as it is. */
export function payloadText(payload: unknown): string {
  if (typeof payload === 'string') return payload;
  try {
    return toJson(payload, 2);
  } catch {
    return '(nested too deeply to print)';
  }
}
