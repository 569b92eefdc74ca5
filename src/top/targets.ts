import type { Place, Targets } from './model.ts';

type Known = Pick<Place, 'targets'>;

const own = <Value>(of: Readonly<Record<string, Value>>, key: string): Value | undefined =>
  Object.hasOwn(of, key) ? of[key] : undefined;

const targetsOf = ({ targets }: Known, queue: string): Targets => own(targets, queue) ?? { lanes: {} };

/** Without one of its own the longest of its lanes: what has waited for longer has missed it in whatever lane it is. */
export function targetOf(place: Known, queue: string): number | undefined {
  const { queue: target, lanes } = targetsOf(place, queue);
  const all = Object.values(lanes);
  return target ?? (all.length === 0 ? undefined : Math.max(...all));
}

/** What no lane says, the queue says. */
export function laneTargetOf(place: Known, queue: string, lane: string): number | undefined {
  const { queue: target, lanes } = targetsOf(place, queue);
  return own(lanes, lane) ?? target;
}
