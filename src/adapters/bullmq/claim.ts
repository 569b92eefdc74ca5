import type { Action } from '../../domain/action.ts';
import type { Claim, ClaimRequest, SavedJob } from '../../domain/claim.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { outcomeOf, skipped } from './answers.ts';
import { candidates, namedCandidates, type Walked } from './candidates.ts';
import { type Desk, type Place, writable } from './desk.ts';
import { claimOf, holdAll, holdsNothing } from './hold.ts';
import { newMark } from './marks.ts';
import { type Script, scripts } from './script.ts';
import type { Candidate } from './snapshot.ts';
import { alike, type Item, identical, inSteps } from './step.ts';

interface Writing {
  readonly script: Script;
  readonly option?: string;
  readonly itemOf: (candidate: Candidate) => Item;
}

function writingOf(action: Action): Writing {
  switch (action.verb) {
    case 'replay':
      return { script: scripts.replay, option: action.keepAttempts ? 'keep' : '', itemOf: alike };
    case 'reset':
      return { script: scripts.reset, itemOf: alike };
    case 'remove':
      return { script: scripts.remove, itemOf: identical };
    case 'cancel':
      return { script: scripts.remove, option: 'cancel', itemOf: identical };
    case 'edit':
      return { script: scripts.edit, option: action.payload, itemOf: identical };
  }
}

/** Walks the selection once, queue by queue. Each claim was read in one instant and is compared again by whatever writes. */
export async function* claims(desk: Desk, request: ClaimRequest): AsyncGenerator<Claim> {
  const { selection } = request;
  if (selection.states.length === 0 || selection.types?.length === 0 || selection.ids?.length === 0) return;
  const found = new Set<string>();
  const queues = [...new Set(selection.queues)];
  for (const queue of queues) yield* inQueue(desk, await writable(desk, queue), request, found);
  const [first] = queues;
  const strangers = (selection.ids ?? []).filter((id) => !found.has(id));
  if (first === undefined || strangers.length === 0) return;
  const missed = [...new Set(strangers)].map((id) => skipped({ queue: first, id }, 'not-found'));
  yield {
    jobs: [],
    skipped: missed,
    mark: newMark(request.action.verb),
    apply: async () => [],
    release: async () => {},
  };
}

async function* inQueue(
  desk: Desk,
  place: Place,
  { selection, action, size }: ClaimRequest,
  found: Set<string>,
): AsyncGenerator<Claim> {
  const { queue } = place.keys;
  const named = selection.ids !== undefined;
  let moved: Outcome[] = [];
  const parts = named
    ? namedCandidates(desk, place, selection, size, {
        found,
        moved: (id) => moved.push(skipped({ queue, id }, 'state-changed')),
      })
    : candidates(desk, place, selection, size);
  // a job that stays where it is may be come upon twice, and one that moves may come after itself
  const offered = new Set<string>();
  const several = selection.states.length > 1;
  for await (const part of parts) {
    const fresh = part.jobs.filter(({ found: { id } }) => !offered.has(id));
    if (fresh.length === 0 && moved.length === 0) continue;
    const mark = newMark(action.verb);
    const holding = await holdAll(desk, place, mark, fresh);
    const told = named ? { ...holding, missed: [...moved, ...holding.missed] } : { ...holding, missed: [] };
    moved = [];
    for (const { found: job } of holding.held) offered.add(job.id);
    if (holding.held.length === 0 && told.missed.length === 0) continue;
    try {
      const claim = claimOf(mark, told, [], async (jobs) => {
        const outcomes = await write(desk, place, writingOf(action), mark, chosen(told.held, jobs));
        if (action.verb !== 'edit') forget(outcomes, part, several ? undefined : offered);
        return outcomes;
      });
      yield part.ahead && holdsNothing(holding) ? { ...claim, ahead: true } : claim;
    } finally {
      await holding.release();
    }
  }
  if (moved.length > 0)
    yield { jobs: [], skipped: moved, mark: newMark(action.verb), apply: async () => [], release: async () => {} };
}

function forget(outcomes: readonly Outcome[], part: Walked, offered: Set<string> | undefined): void {
  for (const { ref, result } of outcomes) {
    if (result !== 'done') continue;
    part.left(ref.id);
    offered?.delete(ref.id);
  }
}

/** The claim's own reading of the jobs chosen: what went through a backup is the same, but costs another reading. */
function chosen(held: readonly Candidate[], jobs: readonly SavedJob[]): Candidate[] {
  const byId = new Map(held.map((one) => [one.found.id, one]));
  return jobs.flatMap(({ job }) => byId.get(job.id) ?? []);
}

async function write(
  desk: Desk,
  place: Place,
  { itemOf, ...how }: Writing,
  mark: string,
  jobs: readonly Candidate[],
): Promise<Outcome[]> {
  const told = new Map<string, string>();
  const items = jobs.values().map((job) => itemOf(job));
  return await carriedOut(jobs, told, () => inSteps(desk, place, { ...how, mark }, items, told));
}

/**
 * One outcome for each job. A server that refuses rejects the whole: the run stops instead of saving batch after batch for
 * nothing, and whoever resumes it learns from the mark which of its steps took place.
 */
export async function carriedOut(
  jobs: readonly Candidate[],
  told: ReadonlyMap<string, string>,
  work: () => Promise<void>,
): Promise<Outcome[]> {
  await work();
  return jobs.map(({ found: { queue, id } }) => outcomeOf({ queue, id }, told.get(id)));
}
