import type { Copy } from '../domain/claim.ts';
import { leavesWork } from '../domain/outcome.ts';
import type { Plan } from '../domain/plan.ts';
import { readJournal } from '../safety/journal.ts';
import type { IntentEntry, OutcomeEntry, RestEntry, SkippedEntry } from '../safety/journal-entry.ts';
import type { RunFolder } from '../safety/run-folder.ts';
import { nameOf } from './batch.ts';
import { dealtWith, isInPart, isLeft, isNamed, refsOf } from './in-part.ts';
import { asOutcome, Results } from './tally.ts';

/** What the journal of an interrupted run says. */
export interface Past {
  readonly results: Results;
  /** The intent whose answer never came. */
  readonly open: IntentEntry | undefined;
  /** The jobs of the open intent that are known to stand in their new place already. */
  readonly copies: readonly Copy[];
  /** What was skipped beside the open intent. */
  readonly beside: readonly RestEntry[];
  /** The next batch of the source, where jobs are put back. */
  readonly source: number;
  /** What of that batch is dealt with already, by `nameOf`: it was written in part, or in parts. */
  readonly behind: ReadonlySet<string>;
  readonly complete: boolean;
}

/**
 * Where to go on in the source once a batch was written. What is taken away by name may take several claims of one batch;
 * what is added is numbered job by job.
 */
export function sourceAfter(plan: Plan, source = 0, jobs = 1): number {
  if (plan.task.kind === 'enqueue') return source + jobs;
  return isNamed(plan) ? source : source + 1;
}

/** Streams the journal once; only counts stay. */
export async function readPast(run: Pick<RunFolder, 'plan' | 'journalPath'>): Promise<Past> {
  const reader = run.plan.task.kind === 'act' ? new ActPast(run.plan) : new ReturnPast(run.plan);
  let last: { intent: IntentEntry; outcome: OutcomeEntry | undefined } | undefined;
  let copies: Copy[] = [];
  let complete = false;
  for await (const entry of readJournal(run.journalPath)) {
    complete = entry.at === 'end' && entry.complete;
    if (entry.at === 'outcome' && last !== undefined) last = { intent: last.intent, outcome: entry };
    else if (entry.at === 'intent' || entry.at === 'skipped') {
      if (last?.outcome !== undefined) reader.batch(last.intent, last.outcome);
      last = entry.at === 'intent' ? { intent: entry, outcome: undefined } : undefined;
      copies = [];
      if (entry.at === 'skipped') reader.skipped(entry);
    } else if (entry.at === 'copied') {
      copies.push(...entry.copies.map(({ queue, id, as }) => ({ ref: { queue, id }, as })));
    }
  }
  const isOpen = last !== undefined && (last.outcome?.rest.some(({ result }) => result === 'unknown') ?? true);
  if (last?.outcome !== undefined && !isOpen) reader.batch(last.intent, last.outcome);
  const { results, beside, source, behind } = reader;
  return {
    results,
    open: isOpen ? last?.intent : undefined,
    copies: isOpen ? copies : [],
    beside,
    source,
    behind,
    complete,
  };
}

/** A job that was left as it was still fits the selection. The claims meet it again, and count it then. */
class ActPast {
  readonly results: Results;
  readonly beside: readonly RestEntry[] = [];
  readonly source = 1;
  readonly behind: ReadonlySet<string> = new Set();
  readonly #named: boolean;

  constructor(plan: Plan) {
    this.results = new Results(plan);
    this.#named = isNamed(plan);
  }

  batch({ ids }: IntentEntry, { done, rest, notes }: OutcomeEntry): void {
    this.#count(done, rest);
    this.results.addNotes(notes);
    if (!this.#named) return;
    const left = new Set(rest.map(({ id }) => id));
    this.results.tell(ids.filter((id) => !left.has(id)));
  }

  skipped({ rest }: SkippedEntry): void {
    this.#count(0, rest);
  }

  #count(done: number, rest: readonly RestEntry[]): void {
    const over = rest.filter((entry) => entry.result === 'unknown' || !leavesWork(asOutcome(entry)));
    this.results.addJournalled(done, over);
    if (this.#named) this.results.tell(over.map(({ id }) => id));
  }
}

/** What was skipped counts once its batch of the source is behind us. */
class ReturnPast {
  readonly results: Results;
  beside: readonly RestEntry[] = [];
  source = 1;
  behind = new Set<string>();
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.results = new Results(plan);
  }

  batch(intent: IntentEntry, { done, rest }: OutcomeEntry): void {
    const { ids, source = 0 } = intent;
    if (source !== this.source) this.results.forget();
    const beside = this.#takeBeside();
    const neverHappened = done === 0 && rest.every(isLeft);
    const inPart = !neverHappened && isInPart(this.#plan, intent, rest);
    this.#goOn(neverHappened || inPart ? source : sourceAfter(this.#plan, source, ids.length));
    if (neverHappened) return;
    this.results.addJournalled(done, rest);
    this.results.addJournalled(0, beside);
    this.#tell([...ids, ...beside.map(({ id }) => id)]);
    if (!inPart) return;
    for (const name of dealtWith([...refsOf(this.#plan, intent), ...beside], rest)) this.behind.add(name);
  }

  skipped({ rest, source, more }: SkippedEntry): void {
    this.beside = rest;
    if (source === undefined) return; // its intent follows, or the batch comes again
    this.results.addJournalled(0, this.#takeBeside());
    this.#goOn(more === true ? source : sourceAfter(this.#plan, source));
    this.#tell(rest.map(({ id }) => id));
    if (more === true) for (const entry of rest) this.behind.add(nameOf(entry));
  }

  #goOn(source: number): void {
    if (source !== this.source) this.behind.clear();
    this.source = source;
  }

  #tell(ids: readonly string[]): void {
    if (isNamed(this.#plan)) this.results.tell(ids);
  }

  #takeBeside(): readonly RestEntry[] {
    const { beside } = this;
    this.beside = [];
    return beside;
  }
}
