import { expect } from 'vitest';
import type { Action, Resolution } from '../domain/action.ts';
import type { BrowseOptions, QueueReader } from '../domain/adapter.ts';
import type { Claims, Copy, Note, Returns, SavedJob } from '../domain/claim.ts';
import { type Job, type JobState, jobStates } from '../domain/job.ts';
import type { Outcome } from '../domain/outcome.ts';
import { matcher, type Selection, type Tests } from '../domain/selection.ts';
import type { Bench } from './bench.ts';

/** Everything in these queues. */
export const whole = (...queues: readonly string[]): Selection => ({ queues, states: jobStates });

export const inState = (queue: string, ...states: readonly JobState[]): Selection => ({ queues: [queue], states });

/** All pages as one list, in the order they came. */
export async function browseAll(
  reader: QueueReader,
  selection: Selection,
  options: Partial<BrowseOptions> = {},
): Promise<Job[]> {
  const jobs: Job[] = [];
  for await (const page of reader.browse(selection, { size: 100, order: 'oldest', ...options })) jobs.push(...page);
  return jobs;
}

/** The jobs of a queue by id, as they are now. */
export const jobsOf = async (reader: QueueReader, queue: string): Promise<Map<string, Job>> =>
  new Map((await browseAll(reader, whole(queue))).map((job) => [job.id, job]));

/** The one job, or a failed expectation. */
export async function jobOf(reader: QueueReader, queue: string, id: string | undefined): Promise<Job> {
  const job = (await jobsOf(reader, queue)).get(id ?? '');
  if (job === undefined) expect.fail(`job ${id} is not in ${queue}`);
  return job;
}

/** A job without what a look changes by itself, where a look is a receive. */
export const steady = <T extends Job | undefined>({ reads }: QueueReader, job: T): T =>
  reads === 'peek' || job === undefined ? job : { ...job, attempts: 0, retrying: false };

/** The job by its id; where it got another one when it was moved, the only job of the queue in this state. */
export async function movedJob(
  { adapter, holds }: Pick<Bench, 'adapter' | 'holds'>,
  queue: string,
  id: string | undefined,
  state: JobState,
): Promise<Job> {
  if (holds.ids !== 'new ones') return await jobOf(adapter, queue, id);
  const found = await browseAll(adapter, inState(queue, state));
  expect(found).toHaveLength(1);
  return found[0] as Job;
}

export interface Acted {
  readonly outcomes: Outcome[];
  readonly saved: SavedJob[];
  readonly marks: string[];
  /** What was noted between the two steps of a write. */
  readonly copies: Copy[];
}

/** The loop of every bulk write: claim, keep what matches, save, apply, release. */
export async function act<Deed extends Action | Resolution = Action>(
  ops: Claims<Deed>,
  selection: Selection,
  action: Deed,
  { size = 10, tests = {} as Tests } = {},
): Promise<Acted> {
  const acted: Acted = { outcomes: [], saved: [], marks: [], copies: [] };
  const note: Note = async (copies) => void acted.copies.push(...copies);
  const fits = matcher(selection, tests);
  for await (const claim of ops.claim({ selection, action, size })) {
    try {
      const kept = claim.jobs.filter(({ job }) => fits(job)).map(reread);
      acted.saved.push(...kept);
      acted.marks.push(claim.mark);
      acted.outcomes.push(...claim.skipped, ...(kept.length > 0 ? await claim.apply(kept, note) : []));
    } finally {
      await claim.release();
    }
  }
  return acted;
}

/** Hold, apply, release: how restore and undo put jobs back. */
export async function putBack(
  ops: Returns,
  saved: readonly SavedJob[],
  asWas: boolean,
  reader: QueueReader,
  mark?: string,
) {
  const claim = await ops.hold(saved.map(reread), { asWas, cutoff: await reader.now() }, mark);
  try {
    const outcomes = [...claim.skipped, ...(claim.jobs.length > 0 ? await claim.apply(claim.jobs) : [])];
    return { outcomes, mark: claim.mark, jobs: claim.jobs };
  } finally {
    await claim.release();
  }
}

/** A saved job as it comes out of a backup file: it went through JSON text. */
export const reread = (saved: SavedJob): SavedJob => JSON.parse(JSON.stringify(saved)) as SavedJob;

/** `id: done` or `id: skipped duplicate`, sorted: one glance at what became of each. */
export const told = (outcomes: readonly Outcome[]): string[] =>
  outcomes.map((one) => `${one.ref.id}: ${one.result}${one.result === 'done' ? '' : ` ${one.why}`}`).sort();

export const all = (ids: readonly string[], what: string): string[] => ids.map((id) => `${id}: ${what}`).sort();

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** A text with at least one visible character. */
export const somethingSaid: unknown = expect.stringMatching(/\S/);

/** The n-th id of a seed. */
export function nth(ids: readonly string[], index: number): string {
  const id = ids[index];
  if (id === undefined) expect.fail(`the bench's seed returned ${ids.length} ids, number ${index} is missing`);
  return id;
}

export const replay: Action = { verb: 'replay', keepAttempts: false };
