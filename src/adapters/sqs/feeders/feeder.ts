import type { Schedule } from '../../../domain/schedule.ts';

/** What sends to a queue by itself, or calls the functions that consume it. */
export interface Feeder {
  /** `rule/BUS/NAME` or `schedule/GROUP/NAME`. */
  readonly id: string;
  readonly on: boolean;
  readonly when: string;
  /** The function, where it calls that instead of sending to the queue. */
  readonly calls?: string | undefined;
  /** The AWS service that made it, which alone may change it. */
  readonly managedBy?: string | undefined;
}

/** The ARNs that tell that a queue is fed: its own, and those of the functions that consume it. */
export interface Targets {
  readonly queue: { readonly arn: string; readonly url: string };
  /** Name of each function by ARN. */
  readonly functions: ReadonlyMap<string, string>;
}

export const asSchedule = (queue: string, { id, on, when, calls, managedBy }: Feeder): Schedule => ({
  id,
  queue,
  when: calls === undefined ? when : `${when}, calls ${calls}`,
  paused: !on,
  ...(managedBy === undefined ? {} : { managedBy }),
});

/** `rule/default/nightly` taken apart; undefined where it is of another kind. */
export function partsOf(id: string, kind: 'rule' | 'schedule'): { place: string; name: string } | undefined {
  const [first, ...rest] = id.split('/');
  const name = rest.pop();
  return first !== kind || name === undefined || rest.length === 0 ? undefined : { place: rest.join('/'), name };
}
