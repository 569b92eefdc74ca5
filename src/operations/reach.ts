import type { Plan } from '../domain/plan.ts';
import type { Results } from './tally.ts';

/** How many jobs a run is to deal with, as far as its plan knows. */
export const targetOf = (plan: Plan): number => Math.min(plan.matched.value, plan.limit ?? Number.POSITIVE_INFINITY);

/** How many more jobs may be written to. */
export const room = ({ limit, upTo }: Plan, { acted, handled }: Results): number =>
  Math.max(0, Math.min((limit ?? Number.POSITIVE_INFINITY) - acted, (upTo ?? Number.POSITIVE_INFINITY) - handled));

export const isFull = (plan: Plan, results: Results): boolean => room(plan, results) === 0;
