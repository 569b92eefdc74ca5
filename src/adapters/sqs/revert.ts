import type { Claim, ClaimRequest, Returns, SavedJob } from '../../domain/claim.ts';
import { fromDate } from '../../domain/instant.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { CLAIM, claimOf, clear, idle } from './claim.ts';
import type { Queue } from './directory.ts';
import type { Ground } from './ground.ts';
import type { Held } from './held.ts';
import { type InHand, jobOf, type Shown, savedOf, snapshotOf } from './message.ts';
import { skipped } from './outcomes.ts';
import { allowLook } from './places.ts';
import { settle } from './settle.ts';

/** Takes back a replay: the messages that it sent and no worker has taken are sent to where they lay before. */
export const reverts = (ground: Ground): Returns => ({
  walk: (saved, how) => walkBack(ground, saved, how),
  async hold(saved) {
    const walk = walkBack(ground, saved, { size: CLAIM, whole: true });
    const { done, value } = await walk.next();
    return done === true ? idle([]) : { ...value, release: async () => void (await walk.return(undefined)) };
  },
  async allows(queues) {
    for (const from of await ground.directory.all(queues)) allowLook({ from }, ground.mayReceive);
  },
  settle: (intent) => settle(ground, intent),
});

interface How extends Pick<ClaimRequest, 'size' | 'resumed'> {
  /** All of a queue in one claim, and not a claim as soon as there is something for it. */
  readonly whole?: boolean;
}

/** Receives each queue once. */
async function* walkBack(ground: Ground, saved: readonly SavedJob[], how: How): AsyncGenerator<Claim> {
  ground.calls.refuseWhenClosed();
  for (const [name, some] of Map.groupBy(saved, ({ job }) => job.queue)) {
    const queue = await ground.directory.named(name);
    if (queue === undefined) yield idle(some.map((item) => skipped(item, 'not-found', `there is no queue ${name}`)));
    else {
      allowLook({ from: queue }, ground.mayReceive);
      yield* ground.holding(queue, (held) => claimsBack(ground, held, some, how));
    }
  }
}

async function* claimsBack(
  ground: Ground,
  held: Held,
  items: readonly SavedJob[],
  { size, resumed, whole = false }: How,
): AsyncGenerator<Claim> {
  const { queue } = held;
  const missing = new Map(items.map((item) => [item.job.id, item]));
  let found: SavedJob[] = [];
  const claimed = (): Claim => claimOf(ground, held, { verb: 'replay', keepAttempts: true }, found);
  // what a run held that was killed comes back before long
  const patience = resumed ? Date.now() + ground.tempo.othersSeconds * 1000 : 0;
  let others = queue.inFlight;
  while (missing.size > 0) {
    if (held.over) {
      // asked before the last look and after it: what comes back in between would be missed by either alone
      const before = others;
      if (!held.full && Date.now() < patience) others = await ground.othersHold(queue, held.size);
      if (held.full || Date.now() >= patience || before + others === 0) break;
      held.lookAgain();
    }
    const met = await held.fill(Math.min(size, CLAIM));
    await clear(ground, held, met);
    for (const one of met) {
      const item = missing.get(one.id);
      if (item === undefined) continue;
      missing.delete(one.id);
      if (!ground.copies.has(one.id)) found.push(inHand(ground, one, queue, item));
    }
    if (whole || found.length === 0) continue;
    yield claimed();
    found = [];
  }
  if (missing.size > 0) await ground.reckon(held);
  const unmet = ground.unmet.get(queue.arn);
  const hidden = missing.size > 0 ? await ground.othersHold(queue, held.size) : 0;
  const away = [...missing.values()].map(
    (item): Outcome =>
      unmet === undefined
        ? skipped(item, 'started', gone(queue, hidden))
        : skipped(item, 'locked', `it may be one of these: ${unmet}`),
  );
  if (found.length + away.length > 0) yield { ...claimed(), skipped: away };
}

/** What a worker has deleted cannot be told from what a later run took, nor from what is hidden: by a worker, a look, a lost answer. */
const gone = ({ name }: Queue, hidden: number): string => {
  const taken = `it does not wait in ${name} any more: a worker has taken it, or a later run such as another undo`;
  if (hidden === 0) return taken;
  return `${taken}; or it is one of about ${hidden} that are hidden there now: undo again when they come back`;
};

/** Its way home is where it was taken from when it was sent here. */
function inHand({ calls }: Ground, one: InHand, from: Queue, { job, snapshot }: SavedJob): SavedJob {
  const shown: Shown = { as: job.queue, state: job.state === 'dead' ? 'waiting' : 'dead', from };
  const home = savedOf({ snapshot }).queueArn;
  return {
    job: jobOf(one, shown),
    snapshot: snapshotOf(one, { ...shown, home }, fromDate(new Date(calls.clock.now()))),
  };
}
