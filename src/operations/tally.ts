import type { Copy } from '../domain/claim.ts';
import type { JobRef } from '../domain/job.ts';
import { emptyTally, leavesWork, type Outcome, type Tally } from '../domain/outcome.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { type NoteEntry, notesOf, type RestEntry } from '../safety/journal-entry.ts';

/** How many skipped or failed jobs a report names; the journal has them all. */
const NAMED = 100;

/** What a run has come to so far. Bounded: it counts, and keeps the first few names. */
export class Results {
  readonly counts: Tally = emptyTally();
  readonly skipped: { id: string; why: string }[] = [];
  readonly failed: { id: string; why: string }[] = [];
  /** Ids of jobs that were added. */
  readonly made: string[] = [];
  /** Jobs that fit and were met after the planned count was reached. */
  beyond = 0;
  /** The last write was accepted, and did not take effect in the time that there was for it. */
  timedOut = false;
  /** Filled while somebody wants to know which jobs were done, each by the name that it has now. */
  done: JobRef[] | undefined;
  /** What the batch that broke off may have come to, without anybody knowing. */
  readonly #doubts: string[] = [];
  /** What jobs that were done came to, where that is not what was meant; and how many did. */
  readonly #notes = new Map<string, number>();
  readonly #copies = new Map<string, JobRef>();
  /** A job was left that the operator still has to deal with. */
  leftWork: boolean;
  /** Named jobs that were never part of the plan; they count as skipped in the report alone. */
  readonly #strays: number;
  /** To add a job that is there already is to have it: nothing is left to do. */
  readonly #adds: boolean;
  /** Named jobs that are counted already. A claim tells of every name that it does not meet. */
  readonly #told: Set<string>;

  constructor(plan: Pick<Plan, 'strays' | 'task'>) {
    this.#adds = plan.task.kind === 'enqueue';
    this.#strays = plan.strays.length;
    this.#told = new Set(plan.strays.map(({ id }) => id));
    this.leftWork = plan.strays.length > 0;
    this.skipped.push(...plan.strays.slice(0, NAMED));
  }

  /** Jobs of the plan that have been dealt with. */
  get handled(): number {
    return this.counts.done + this.counts.skipped + this.counts.failed + this.counts.unknown;
  }

  /** Jobs that were written to, or may have been: what a limit counts. */
  get acted(): number {
    return this.counts.done + this.counts.failed + this.counts.unknown;
  }

  /** Those of the named jobs that are not counted yet. */
  unmet(skipped: readonly Outcome[]): readonly Outcome[] {
    return this.#told.size === 0 ? skipped : skipped.filter(({ ref }) => !this.#told.has(ref.id));
  }

  /** These names are counted; whatever a later claim says of them is no news. */
  tell(ids: readonly string[]): void {
    for (const id of ids) this.#told.add(id);
  }

  /** These names will not be met again. */
  forget(): void {
    this.#told.clear();
  }

  /** These stand in a new place, under another id. */
  copied(copies: readonly Copy[]): void {
    if (this.done === undefined) return;
    for (const { ref, as, to } of copies) this.#copies.set(ref.id, { queue: to ?? ref.queue, id: as });
  }

  /** What to know of the jobs besides their numbers. */
  get warnings(): string[] {
    return [
      ...this.#doubts,
      ...[...this.#notes].map(([note, jobs]) => `${jobs} ${jobs === 1 ? 'job' : 'jobs'}: ${note}`),
    ];
  }

  add(outcomes: readonly Outcome[]): void {
    this.addNotes(notesOf(outcomes));
    for (const outcome of outcomes) {
      if (outcome.result === 'skipped' && outcome.why === 'not-applied') continue; // it comes again in a later claim
      this.counts[outcome.result] += 1;
      this.leftWork ||= leavesWork(outcome) && !(this.#adds && isDuplicate(outcome));
      if (outcome.result === 'done') {
        this.done?.push(this.#copies.get(outcome.ref.id) ?? outcome.ref);
        continue;
      }
      const note =
        outcome.result === 'skipped' && outcome.note !== undefined ? `${outcome.why}: ${outcome.note}` : outcome.why;
      const list = outcome.result === 'skipped' ? this.skipped : this.failed;
      if (list.length < NAMED) list.push({ id: outcome.ref.id, why: note });
    }
  }

  /** Settled as never written, but not for certain. */
  doubt(settled: readonly Outcome[]): void {
    const open = settled.filter((one) => one.result === 'skipped' && one.why === 'not-applied');
    for (const [note, some] of Map.groupBy(open, (one) => ('note' in one ? one.note : undefined)))
      if (note !== undefined)
        this.#doubts.push(`${some.length} ${some.length === 1 ? 'job' : 'jobs'} of the batch that broke off: ${note}`);
  }

  addNotes(notes: readonly NoteEntry[] = []): void {
    for (const { note, jobs } of notes) this.#notes.set(note, (this.#notes.get(note) ?? 0) + jobs);
    this.leftWork ||= notes.length > 0;
  }

  addMade(ids: readonly string[]): void {
    this.made.push(...ids.slice(0, NAMED - this.made.length));
  }

  get tally(): Tally {
    return { ...this.counts, skipped: this.counts.skipped + this.#strays };
  }

  /** The same from a journal. */
  addJournalled(done: number, rest: readonly RestEntry[]): void {
    this.counts.done += done;
    this.add(rest.map(asOutcome));
  }

  /** Jobs that the plan counted and that no claim met: they moved on by themselves. */
  movedOn(count: number): void {
    this.counts.skipped += count;
  }
}

const isDuplicate = (outcome: Outcome): boolean => outcome.result === 'skipped' && outcome.why === 'duplicate';

export const asOutcome = ({ queue, id, result, why, note }: RestEntry): Outcome =>
  ({ ref: { queue, id }, result, why, note }) as Outcome;

const queueOf = (plan: Plan): Pick<Report, 'queue' | 'queues'> =>
  plan.queues.length === 1 ? { queue: plan.queues[0] as string, queues: plan.queues } : { queues: plan.queues };

const beyond = ({ matched, limit }: Plan): number => (limit === undefined ? 0 : Math.max(0, matched.value - limit));

const limitOf = ({ limit }: Plan): Pick<Report, 'limit'> => (limit === undefined ? {} : { limit });

/** The report of a run that had nothing to do, or was a dry run. */
export const emptyReport = (plan: Plan, dryRun: boolean): Report => ({
  schemaVersion: 1,
  verb: plan.verb,
  ...queueOf(plan),
  dryRun,
  matched: plan.matched.value,
  ...(plan.matched.exact ? {} : { exact: false as const }),
  ...limitOf(plan),
  more: beyond(plan),
  outcomes: { ...emptyTally(), skipped: plan.strays.length },
  ...(dryRun && plan.warnings.length > 0 ? { warnings: plan.warnings } : {}),
  skipped: plan.strays,
  failed: [],
  complete: plan.strays.length === 0,
  next: [],
});

export interface Ending {
  readonly run: string;
  readonly backup: string | undefined;
  readonly complete: boolean;
  readonly stopped: string | undefined;
  readonly next: readonly string[];
}

export const reportOf = (plan: Plan, results: Results, ending: Ending): Report => ({
  ...emptyReport(plan, false),
  run: ending.run,
  outcomes: results.tally,
  ...(ending.complete && plan.task.kind === 'act' && plan.task.empties !== undefined ? { emptied: true } : {}),
  ...(results.warnings.length === 0 ? {} : { warnings: results.warnings }),
  skipped: results.skipped,
  failed: results.failed,
  ...(results.made.length === 0 ? {} : { made: results.made }),
  ...(ending.backup === undefined ? {} : { backup: ending.backup }),
  complete: ending.complete,
  ...(ending.stopped === undefined ? {} : { stopped: ending.stopped }),
  ...(results.timedOut && plan.task.kind === 'switch' ? { timedOut: true } : {}),
  next: ending.next,
});
