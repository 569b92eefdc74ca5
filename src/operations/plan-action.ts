import type { Action, Resolution } from '../domain/action.ts';
import type { Count, QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Job, JobDetail } from '../domain/job.ts';
import type { Plan, Verb } from '../domain/plan.ts';
import { matcher, type Selection, type Tests } from '../domain/selection.ts';
import { isCountable } from './engine.ts';
import { type PayloadCheck, PayloadTally, validOnlyWarnings } from './payloads.ts';

/** Jobs shown with a plan, and the page size while matching is left to us. */
const SAMPLE = 5;
const PAGE = 500;
const looking =
  'Looking counts as a receive: it hides a message for the moment and raises its receive count. This plan has looked.';
/** Beyond this many named ids the plan does not look up each one that does not match. */
const NAMED = 100;

export interface PlanRequest {
  readonly verb: Verb;
  readonly context: string;
  readonly protected: boolean;
  readonly selection: Selection;
  readonly tests: Tests;
  readonly action: Action | Resolution;
  /** Only jobs whose payload it finds nothing wrong with. */
  readonly payloads?: PayloadCheck | undefined;
  readonly limit?: number | undefined;
  readonly reason?: string | undefined;
}

/** Removing is severe everywhere; in a protected context everything is. */
const isSevere = (request: PlanRequest): boolean => request.protected || request.action.verb === 'remove';

/** Reads only: how many jobs the request means, a few of them, and what to know beforehand. The cutoff is the backend's now. */
export async function planAction(reader: QueueReader, request: PlanRequest): Promise<Plan> {
  if (
    request.selection.queues.length === 0 ||
    request.selection.states.length === 0 ||
    request.selection.ids?.length === 0
  ) {
    throw new JobctlError(
      'refused',
      'The selection is empty: it names no queue, no state or no id. It never means everything.',
      {
        next: ['Name what is meant, for example --id 17.'],
      },
    );
  }
  const madeAt = await reader.now();
  const selection: Selection = { ...request.selection, cutoff: request.selection.cutoff ?? madeAt };
  const cautions = await reader.cautions?.(selection, request.action.verb); // before our own look hides anything
  const { verb, context, action, limit, reason, payloads } = request;
  const tally = payloads && new PayloadTally(payloads);
  const { matched, sample, unmet } = await look(reader, selection, request.tests, tally);
  return {
    schemaVersion: 1,
    verb,
    context,
    backend: reader.backend.name,
    where: reader.backend.where,
    queues: selection.queues,
    task: { kind: 'act', selection, action, ...(tally && { validOnly: true as const }) },
    madeAt,
    matched,
    ...(limit === undefined ? {} : { limit }),
    ...(cautions?.endsAtCount ? { upTo: matched.value } : {}),
    severity: isSevere(request) || cautions?.onTrust ? 'severe' : 'normal',
    sample: sample.map((job) => ({ ...job, payload: '' })), // payloads live in the backup alone
    strays: await strays(reader, selection, request.tests),
    warnings: [
      ...reader.backend.warnings,
      ...(reader.reads === 'receive' ? [looking] : []),
      ...(cautions?.lines ?? []),
      ...(unmet === undefined ? [] : [unmet]),
      ...(tally === undefined ? [] : validOnlyWarnings(tally)),
    ],
    ...(reason === undefined ? {} : { reason }),
  };
}

/** Counts where the data is, when the backend understands the whole selection; else walks it, page by page. */
async function look(
  reader: QueueReader,
  selection: Selection,
  tests: Tests,
  tally: PayloadTally | undefined,
): Promise<{ matched: Count; sample: Job[]; unmet?: string | undefined }> {
  const fits = matcher(selection, tests);
  const countable = isCountable(selection, reader) && tally === undefined;
  const counted = countable ? await reader.count(selection) : undefined;
  const sample: Job[] = [];
  let value = 0;
  if (counted?.value === 0) return { matched: counted, sample };
  const size = countable ? SAMPLE : PAGE;
  for await (const page of reader.browse(selection, { size, order: 'oldest', asClaimed: true })) {
    const fitting = page.filter(fits);
    value += fitting.length;
    for (const job of fitting) tally?.add(job);
    sample.push(...fitting.slice(0, SAMPLE - sample.length));
    if (countable) break;
  }
  // what a look receives is what it happened to be given, not all that is there
  const matched = counted ?? { value, exact: reader.reads === 'peek' };
  return { matched, sample, unmet: countable ? undefined : await reader.unmet?.(selection) };
}

/** Ids that were named and do not match, each with what is known of it. */
async function strays(reader: QueueReader, selection: Selection, tests: Tests): Promise<Plan['strays']> {
  const { ids } = selection;
  // each look-up would be a walk over the queue; the claims tell of the names that they do not meet
  if (ids === undefined || ids.length > NAMED || reader.reads === 'receive') return [];
  const fits = matcher(selection, tests);
  const found: { id: string; why: string }[] = [];
  for (const id of ids) {
    const detail = await named(reader, id, selection.queues);
    const job = detail?.job;
    if (job === undefined) found.push({ id, why: 'not-found' });
    else if (detail?.archived)
      found.push({ id, why: `${job.state}, in the archive of the library: no write reaches it` });
    else if (!fits(job)) found.push({ id, why: whyNot(job, selection) });
  }
  return found;
}

/** Where an id is unique only within its queue, the queues that are meant come first. */
async function named(reader: QueueReader, id: string, queues: readonly string[]): Promise<JobDetail | undefined> {
  for (const queue of queues) {
    const detail = await reader.find(id, queue);
    if (detail !== undefined) return detail;
  }
  return await reader.find(id);
}

function whyNot(job: Job, selection: Selection): string {
  if (!selection.queues.includes(job.queue)) return `in the queue ${job.queue}`;
  if (!selection.states.includes(job.state)) return `${job.state}, not ${selection.states.join(' or ')}`;
  if (selection.stuck === true && job.stuck === undefined) return 'active, and nothing proves that its worker is gone';
  return 'does not fit the other conditions';
}
