import { grouped } from '../domain/grouped.ts';
import { duration } from './age.ts';
import { approximately, plural } from './count-text.ts';
import { blocks, facts, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';

/** How far the wait is, as `drain --json` ends with it. */
export interface DrainStepView {
  readonly left: {
    readonly waiting: number;
    readonly delayed: number;
    readonly active: number;
    readonly blocked: number;
  };
  readonly exact: boolean;
  readonly remaining: number;
  readonly perSecond?: number | undefined;
  readonly waitedSeconds: number;
}

export interface DrainView extends DrainStepView {
  readonly queues: readonly string[];
  readonly drained: boolean;
  readonly stopped?: 'timeout' | 'cancelled' | undefined;
  /** Whether delayed jobs were waited for. */
  readonly includeDelayed: boolean;
  readonly activeOnly: boolean;
  /** The run that stopped the schedules which feed the queue. */
  readonly paused?: string | undefined;
}

/** After a wait in vain. */
export const waitOn = (queues: string, { waiting }: DrainStepView['left']): string[] => [
  'jobctl worker list   # does anybody take from it?',
  `jobctl drain ${queues} --within 30m   # waits on`,
  ...(waiting > 0 ? [`jobctl drain ${queues} --evacuate   # takes away what waits, with a backup`] : []),
];

/** One line: what is left, how fast it shrinks, how long that will take. */
export function drainStepText({ left, exact, remaining, perSecond, waitedSeconds }: DrainStepView): string {
  const parts = [
    `${approximately(left.waiting, exact)} waiting`,
    `${approximately(left.active, exact)} active`,
    ...(left.blocked > 0 ? [`${approximately(left.blocked, exact)} blocked`] : []),
    ...(left.delayed > 0 ? [`${approximately(left.delayed, exact)} delayed`] : []),
  ];
  const pace =
    perSecond === undefined || remaining === 0
      ? ''
      : perSecond === 0
        ? ', not shrinking'
        : `, ${grouped(perSecond)}/s, about ${duration(remaining / perSecond)} left`;
  return `${parts.join(', ')}${pace} (waited ${duration(waitedSeconds)})`;
}

export const drainText = view((drain: DrainView & { readonly next: readonly string[] }, page: Page): string => {
  const { queues, drained, stopped, left, waitedSeconds, includeDelayed, activeOnly, exact } = drain;
  const names = queues.join(', ');
  const what = activeOnly ? 'no job runs' : 'empty';
  const head = drained
    ? page.style.good(`${names}: ${what}, after ${duration(waitedSeconds)}`)
    : page.style.bad(
        `${names}: NOT ${activeOnly ? 'at rest' : 'empty'} after ${duration(waitedSeconds)}${stopped === 'cancelled' ? ', stopped on request' : ''}`,
      );
  const rest =
    drained && !includeDelayed && !activeOnly && left.delayed > 0
      ? `${plural(left.delayed, 'job')} not due yet: --include-delayed waits for them too`
      : undefined;
  return blocks(
    head,
    facts(
      [
        ['left', drained ? undefined : drainStepText({ ...drain, waitedSeconds })],
        ['delayed', rest],
        [
          'waiting',
          drained && activeOnly && left.waiting > 0 ? `${plural(left.waiting, 'job')} still wait` : undefined,
        ],
        [
          'schedules',
          drain.paused === undefined
            ? undefined
            : drained
              ? `stopped by ${drain.paused}, until: jobctl resume ${queues.join(' ')}`
              : `were stopped by ${drain.paused}, and start again now`,
        ],
        [
          'counts',
          exact
            ? undefined
            : drained
              ? 'are estimates; the queue was seen empty several times in a row'
              : 'are estimates; it counts as empty only when it was seen so for a while: give it more with --within',
        ],
      ],
      page,
    ),
    nextLines(drain.next, page),
  );
});
