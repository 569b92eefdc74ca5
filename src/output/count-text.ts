import type { Count } from '../domain/adapter.ts';
import { grouped } from '../domain/grouped.ts';

/** `~12,000` when it is an estimate. */
export const approximately = (value: number, exact: boolean): string => (exact ? grouped(value) : `~${grouped(value)}`);

export const counted = (count: Count): string => approximately(count.value, count.exact);

/** For counts that stop at a cap. */
export const atLeast = (value: number): string => `≥ ${grouped(value)}`;

/** `1 job`, `40 jobs`. */
export const plural = (value: number, noun: string): string => `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
