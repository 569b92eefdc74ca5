import type { Capabilities, QueueAdapter } from '../../src/domain/adapter.ts';
import type { Claim, Claims, Returns } from '../../src/domain/claim.ts';

export type Apply = Claim['apply'];

/** Puts `wrap` around every write of the adapter; `number` counts the writes from 1. */
export function aroundApply(
  adapter: QueueAdapter,
  wrap: (apply: Apply, number: number, claim: Claim) => Apply,
  more: Partial<Claim> = {},
): QueueAdapter {
  let number = 0;
  const claimOf = (claim: Claim): Claim => {
    number += 1;
    return { ...claim, ...more, apply: wrap((jobs) => claim.apply(jobs), number, claim) };
  };
  const claims = (ops: Claims): Claims => ({
    ...ops,
    async *claim(request) {
      for await (const claim of ops.claim(request)) yield claimOf(claim);
    },
  });
  const returns = (ops: Returns): Returns => ({
    ...ops,
    hold: async (...given) => claimOf(await ops.hold(...given)),
  });
  const { can } = adapter;
  return {
    ...adapter,
    can: {
      ...can,
      replay: mapped(can.replay, claims),
      reset: mapped(can.reset, claims),
      remove: mapped(can.remove, claims),
      restore: mapped(can.restore, returns),
      revert: mapped(can.revert, returns),
    },
  };
}

type Capability<Ops> = Capabilities[keyof Capabilities] | { level: 'native'; ops: Ops };

function mapped<Ops, Given extends Capability<Ops>>(capability: Given, wrap: (ops: Ops) => Ops): Given {
  if (capability.level === 'none') return capability;
  return { ...capability, ops: wrap(capability.ops as Ops) };
}

/** Writes number `at` does not answer: `sent` tells whether it happened all the same, or for how many of its jobs. */
export const unanswered = (adapter: QueueAdapter, at: number, sent: boolean | number): QueueAdapter =>
  aroundApply(adapter, (apply, number) => async (jobs) => {
    if (number !== at) return await apply(jobs);
    if (sent !== false) await apply(sent === true ? jobs : jobs.slice(0, sent));
    throw new Error('the connection was lost');
  });

/** Does not write this job, nor any other together with it. */
export const refusing = (adapter: QueueAdapter, odd: string | undefined): QueueAdapter =>
  aroundApply(adapter, (apply) => async (jobs) => {
    if (jobs.every(({ job }) => job.id !== odd)) return await apply(jobs);
    const why = jobs.length === 1 ? 'conflict' : 'not-applied';
    return jobs.map(({ job: { queue, id } }) => ({ ref: { queue, id }, result: 'skipped', why }));
  });
