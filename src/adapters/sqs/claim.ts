import { randomBytes } from 'node:crypto';
import type { Action } from '../../domain/action.ts';
import type { Claim, ClaimRequest, Claims, SavedJob } from '../../domain/claim.ts';
import { JobctlError } from '../../domain/errors.ts';
import { fromDate } from '../../domain/instant.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { remove, replay } from './apply.ts';
import type { Ground } from './ground.ts';
import type { Held } from './held.ts';
import { type InHand, jobOf, type Shown, snapshotOf } from './message.ts';
import { allowLook, type Place, placesOf } from './places.ts';
import { deleteAll } from './remove.ts';
import { settle } from './settle.ts';

/** Jobs a claim, at most: what a crash can double, and what is sent at once. */
export const CLAIM = 100;

const newMark = (): string => randomBytes(6).toString('hex');

/** That of the try whose answer never came, where there was one: however often this breaks off, a FIFO queue knows it by the same name. */
export const markFor = ({ triedAs }: Ground, jobs: readonly SavedJob[]): string =>
  jobs.map(({ job }) => triedAs.get(job.id)).find((mark) => mark !== undefined) ?? newMark();

export const claims = (ground: Ground): Claims => ({
  claim: (request) => walk(ground, request),
  settle: (intent) => settle(ground, intent),
});

/** Receives what there is, once. What is passed over stays hidden until the end, or it would be received again and again. */
async function* walk(ground: Ground, request: ClaimRequest): AsyncGenerator<Claim> {
  ground.calls.refuseWhenClosed();
  const { selection, action } = request;
  if (selection.ids?.length === 0 || selection.types?.length === 0) return;
  const missing = new Set(selection.ids);
  let others = 0;
  let fifo = false;
  // the dead can always be looked at, so what is named is looked for among them first
  const places = (await placesOf(ground.directory, selection)).sort((a, b) => (a.state < b.state ? -1 : 1));
  for (const place of places) {
    if (selection.ids !== undefined && missing.size === 0) return;
    if (action.verb === 'replay' && place.state !== 'dead') continue;
    allowLook(place, ground.mayReceive);
    yield* ground.holding(place.from, (held) => claimsOf(ground, place, held, request, missing));
    if (missing.size > 0) others += await ground.othersHold(place.from);
    fifo ||= place.from.fifo;
  }
  const [queue] = selection.queues;
  if (missing.size === 0 || queue === undefined) return;
  yield idle([...missing].map((id) => unmet({ queue, id }, others, fifo)));
}

/** Tells only what could not be claimed. */
export const idle = (skipped: readonly Outcome[]): Claim => ({
  jobs: [],
  skipped,
  mark: newMark(),
  apply: async () => [],
  release: async () => {},
});

function unmet(ref: JobRef, others: number, fifo: boolean): Outcome {
  const notes = [
    ...(others > 0 ? [`it may be one of about ${others} that others hold`] : []),
    ...(fifo ? ['it may stand behind a message of its group: a FIFO queue gives the head of each group first'] : []),
  ];
  return notes.length === 0
    ? { ref, result: 'skipped', why: 'not-found' }
    : { ref, result: 'skipped', why: 'locked', note: notes.join('; or ') };
}

async function* claimsOf(
  ground: Ground,
  place: Place,
  held: Held,
  request: ClaimRequest,
  missing: Set<string>,
): AsyncGenerator<Claim> {
  const size = Math.min(request.size, CLAIM);
  let patience: number | undefined;
  let others = place.from.inFlight;
  let ahead: Promise<InHand[]> | undefined;
  try {
    for (;;) {
      const met = await (ahead ?? held.fill(size));
      ahead = undefined;
      await clear(ground, held, met);
      const jobs = met.flatMap((one): SavedJob[] => {
        const shown = ground.copies.has(one.id) ? undefined : place.shownAs(one);
        return shown === undefined ? [] : [savedJob(ground, one, shown)];
      });
      for (const { job } of jobs) missing.delete(job.id);
      const isNamed = request.selection.ids !== undefined;
      if (size === CLAIM && !isNamed && mayRunAhead(place, held)) {
        // the next are received while these are written
        ahead = held.fill(size);
        ahead.catch(() => undefined); // told when it is waited for
      }
      if (jobs.length > 0) yield claimOf(ground, held, request.action, jobs);
      if (isNamed && missing.size === 0) return;
      if (ahead !== undefined || !held.over) continue;
      if (held.full) return await endedFull(ground, held);
      // what another session holds, or one that was killed, comes back before long; workers have no business among the dead
      if (place.state !== 'dead' && request.resumed !== true) return;
      // asked before the last look and after it: what comes back in between would be missed by either alone
      const before = others;
      others = await ground.othersHold(place.from, held.size);
      if (before === 0 && others === 0) return;
      patience ??= Date.now() + ground.tempo.othersSeconds * 1000;
      if (Date.now() >= patience) return;
      held.lookAgain();
    }
  } finally {
    await ahead?.catch(() => undefined);
  }
}

/** What was passed over is all that may be held: the walk may be over or not, which the queue tells. */
async function endedFull(ground: Ground, held: Held): Promise<void> {
  await ground.reckon(held);
  const unmet = ground.unmet.get(held.queue.arn);
  if (unmet === undefined) return;
  throw new JobctlError('partial', unmet, {
    next: ['Without a condition all are met, however many.', 'Or choose so that fewer are passed over.'],
  });
}

/**
 * What is received ahead is hidden a little longer, and for nothing when the run ends before it is needed. That does no harm
 * where the dead lie, in no order; small claims, as with --rate or --batch, are asked for one by one.
 */
const mayRunAhead = ({ state, from }: Place, held: Held): boolean => state === 'dead' && !from.fifo && held.expectsMore;

/** Deletes what an earlier part of this run has sent. */
export async function clear(ground: Ground, held: Held, met: readonly InHand[]): Promise<void> {
  const known = met.filter(({ id }) => ground.copies.has(id));
  const kept = await deleteAll(ground.calls, held.queue.url, known);
  held.forget(known.filter(({ id }) => !kept.has(id)).map(({ id }) => id));
}

const savedJob = (ground: Ground, one: InHand, shown: Shown): SavedJob => ({
  job: jobOf(one, shown),
  snapshot: snapshotOf(one, shown, fromDate(new Date(ground.calls.clock.now()))),
});

export function claimOf(ground: Ground, held: Held, action: Action, jobs: readonly SavedJob[]): Claim {
  const mark = markFor(ground, jobs);
  return {
    jobs,
    skipped: [],
    mark,
    async apply(chosen, note) {
      await ground.fence(chosen.map(({ job }) => job.queue));
      return action.verb === 'remove'
        ? await remove(ground, held, chosen)
        : await replay(ground, held, chosen, { mark, note, to: action.verb === 'replay' ? action.to : undefined });
    },
    release: async () => {}, // at the end of the walk
  };
}
