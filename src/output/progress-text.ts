import { grouped } from '../domain/grouped.ts';
import { duration } from './age.ts';
import { approximately } from './count-text.ts';

export interface Progress {
  readonly done: number;
  readonly of: number;
  /** False when `of` is an estimate. */
  readonly exact: boolean;
  readonly elapsedSeconds: number;
  /** Why nothing is done at this moment. */
  readonly waiting?: string | undefined;
}

/** `12,000 of 40,000 · 3,100/s · 9s left`. */
export function progressText({ done, of, exact, elapsedSeconds, waiting }: Progress): string {
  const rate = elapsedSeconds > 0 ? done / elapsedSeconds : 0;
  const left = of - done;
  if (waiting !== undefined)
    return `${grouped(done)} of ${approximately(Math.max(of, done), exact)} · waiting: ${waiting}`;
  return [
    `${grouped(done)} of ${approximately(Math.max(of, done), exact)}`,
    ...(rate > 0 && elapsedSeconds >= 1 ? [`${grouped(rate < 10 ? rate : Math.round(rate))}/s`] : []),
    ...(rate > 0 && elapsedSeconds >= 1 && left > 0
      ? [`${exact ? '' : '~'}${duration(Math.ceil(left / rate))} left`]
      : []),
  ].join(' · ');
}

/** A log keeps each line: one every few seconds is enough there, a screen takes ten a second. */
export const secondsBetweenLines = { log: 5, screen: 0.1 } as const;

/** Whether a line is due, told by the times alone. The end of a run is told by its report, not by a line of this. */
export const isDue = (lastSeconds: number | undefined, nowSeconds: number, every: number): boolean =>
  lastSeconds === undefined || nowSeconds - lastSeconds >= every;
