import type { QueueAdapter } from '../../domain/adapter.ts';
import type { Capability } from '../../domain/capability.ts';
import type { Claim, ClaimRequest, Claims, SavedJob } from '../../domain/claim.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { JobRef } from '../../domain/job.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { matcher } from '../../domain/selection.ts';
import { adopt } from './adopt.ts';
import { skipped } from './answers.ts';
import type { Desk } from './desk.ts';
import { editCopies } from './letter-edit.ts';
import { letterReturns } from './letter-returns.ts';
import { settleLetters } from './letter-settle.ts';
import { innerId, innerSaved, type Shelf, shownId, shownSaved, split } from './letters.ts';
import { newMark } from './marks.ts';

type Can = QueueAdapter['can'];

/** New ids of copies that were replayed, so that whoever watches them finds them again. */
export type Trail = Map<string, JobRef>;
const TRAIL = 10_000;

/** The writes of an adapter whose dead jobs lie, for some of its queues, in queues of their own. */
export function canWithLetters(desk: Desk, can: Can, shelves: ReadonlyMap<string, Shelf>, trail: Trail): Can {
  const claims = (acts: Claims): Claims => ({
    claim: (request) => claimsOf(request, acts),
    settle: (intent) => settleLetters(desk, acts, shelves, intent),
  });
  async function* claimsOf(request: ClaimRequest, acts: Claims): AsyncGenerator<Claim> {
    const queues = [...new Set(request.selection.queues)];
    const plain = queues.filter((queue) => !shelves.has(queue));
    if (plain.length > 0) yield* acts.claim({ ...request, selection: { ...request.selection, queues: plain } });
    for (const shelf of queues.flatMap((queue) => shelves.get(queue) ?? [])) yield* inShelf(shelf, request, acts);
  }
  async function* inShelf(shelf: Shelf, request: ClaimRequest, acts: Claims): AsyncGenerator<Claim> {
    const { plain, inside } = split(shelf, request.selection);
    if (plain !== undefined) yield* acts.claim({ ...request, selection: plain });
    if (inside === undefined) return;
    const { action, size } = request;
    const ofCopies = action.verb === 'replay' || action.verb === 'edit';
    if (action.verb !== 'remove' && (!ofCopies || shelf.letter === undefined))
      throw notThere(shelf, action.verb, shelves);
    if (plain === undefined) yield* strangers(shelf, request);
    const { error: _, group: __, where: ___, ...decided } = request.selection;
    const fits = matcher({ ...decided, queues: [shelf.home], states: ['dead'] });
    for await (const claim of acts.claim({ selection: inside, action: { verb: 'remove' }, size })) {
      const jobs = claim.jobs.flatMap((one) => shownSaved(shelf, one) ?? []).filter(({ job }) => fits(job));
      const missed = claim.skipped.map((outcome) => shownOutcome(shelf, outcome));
      const mark = ofCopies ? newMark(action.verb) : claim.mark;
      const takeOut = (some: readonly SavedJob[]): Promise<Outcome[]> =>
        claim.apply(some.flatMap((one) => innerSaved(one) ?? []));
      yield {
        ...claim,
        jobs,
        skipped: missed,
        mark,
        async apply(some, note) {
          if (action.verb === 'edit')
            return (await editCopies(desk, shelf, mark, some, action.payload)).map((one) => shownOutcome(shelf, one));
          const replays = action.verb === 'replay';
          const done = replays
            ? await adopt(desk, shelf, mark, some, takeOut, async (copies) => {
                for (const { ref, as } of copies)
                  if (trail.size < TRAIL) trail.set(`${shelf.home}\n${ref.id}`, { queue: shelf.home, id: as });
                await note?.(copies);
              })
            : await takeOut(some);
          return done.map((outcome) => shownOutcome(shelf, outcome));
        },
      };
    }
  }
  return {
    ...can,
    replay: wrapped(can.replay, claims),
    remove: wrapped(can.remove, claims),
    edit: wrapped(can.edit, claims),
    ...returnsOf(desk, can, shelves),
    lock: wrapped(can.lock, (ops) => ({
      acquire: (request) =>
        ops.acquire({
          ...request,
          queues: [...new Set(request.queues.flatMap((queue) => [queue, shelves.get(queue)?.queue ?? queue]))],
        }),
    })),
  };
}

const wrapped = <Ops>(one: Capability<Ops>, wrap: (ops: Ops) => Ops): Capability<Ops> =>
  one.level === 'none' ? one : { ...one, ops: wrap(one.ops) };

/** What was saved of such a queue goes back where it lay, also where the configuration does not name that any more. */
export const returnsOf = (
  desk: Desk,
  { restore, revert }: Can,
  shelves: ReadonlyMap<string, Shelf>,
): Pick<Can, 'restore' | 'revert'> => ({
  restore: wrapped(restore, (ops) => letterReturns(desk, ops, shelves, 'restore')),
  revert: wrapped(revert, (ops) => letterReturns(desk, ops, shelves, 'revert')),
});

const shownOutcome = (shelf: Shelf, outcome: Outcome): Outcome => ({
  ...outcome,
  ref: { queue: shelf.home, id: shownId(shelf, outcome.ref.id) },
});

function notThere(shelf: Shelf, verb: string, shelves: ReadonlyMap<string, Shelf>): JobctlError {
  const { home, queue, letter } = shelf;
  const sources = [...shelves.values()]
    .filter((one) => one.queue === queue && one.letter !== undefined)
    .map((one) => one.home);
  if (letter === undefined)
    return new JobctlError(
      'refused',
      `${queue} holds the dead jobs of ${sources.join(', ')}: they are replayed there.`,
      {
        next: sources.slice(0, 3).map((source) => `jobctl ${verb === 'edit' ? 'dlq list' : verb} ${source}`),
      },
    );
  return new JobctlError(
    'unsupported',
    `The dead jobs of ${home} are copies in ${queue}, and those cannot be changed by ${verb}.`,
    {
      next: [`jobctl replay ${home}`, `jobctl dlq list ${home}`],
    },
  );
}

/** Ids of which there can be no copy: each is told of, as for any other queue. */
function* strangers(shelf: Shelf, { selection, action }: ClaimRequest): Generator<Claim> {
  const lost = (selection.ids ?? []).filter((id) => innerId(shelf, id) === undefined);
  if (lost.length === 0) return;
  yield {
    jobs: [],
    skipped: lost.map((id) => skipped({ queue: shelf.home, id }, 'not-found')),
    mark: newMark(action.verb),
    apply: async () => [],
    release: async () => {},
  };
}
