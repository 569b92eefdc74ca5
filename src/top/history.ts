import type { QueueStats } from '../domain/stats.ts';

/** One look at a queue. `at` in milliseconds of the screen's clock. */
export interface Sample {
  readonly at: number;
  readonly backlog: number;
  readonly dead: number;
  /** Jobs that ended a second, where the backend tells. */
  readonly out?: number | undefined;
}

/** How many looks are kept: at one a second a minute, at the slowest an afternoon. */
export const KEPT = 60;

export const sampleOf = (stats: QueueStats, at: number): Sample => ({
  at,
  backlog: stats.counts.waiting + stats.counts.delayed + stats.counts.active + stats.counts.blocked,
  dead: stats.counts.dead,
  out: outOf(stats),
});

/** Never longer than `KEPT`. */
export const remember = (samples: readonly Sample[], sample: Sample): readonly Sample[] => [
  ...samples.slice(samples.length < KEPT ? 0 : samples.length - KEPT + 1),
  sample,
];

/** Change a second over all that is kept; undefined while one look is all there is. */
export function slope(samples: readonly Sample[], of: 'backlog' | 'dead'): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return undefined;
  return (last[of] - first[of]) / ((last.at - first.at) / 1000);
}

/** Jobs that left a queue a second, as the backend tells; undefined where it does not. */
export const outOf = ({ rates }: QueueStats): number | undefined =>
  rates === undefined || rates.windowSeconds === 0 ? undefined : (rates.completed + rates.died) / rates.windowSeconds;

/** Jobs that came in a second: what the backlog grew by, and what left meanwhile. */
export function intoOf(stats: QueueStats, samples: readonly Sample[]): number | undefined {
  const out = outOf(stats);
  const grown = slope(samples, 'backlog');
  return out === undefined || grown === undefined ? undefined : Math.max(0, out + grown);
}

/** What came in and what went out a second, from look to look; nothing where the backend does not tell what ended. */
export function flows(samples: readonly Sample[]): { readonly into: number; readonly out: number }[] {
  return samples.slice(1).flatMap(({ at, backlog, out }, index) => {
    const before = samples[index] as Sample;
    if (out === undefined || at <= before.at) return [];
    return [{ into: Math.max(0, out + (backlog - before.backlog) / ((at - before.at) / 1000)), out }];
  });
}
