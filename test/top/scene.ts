import type { JobState } from '../../src/domain/job.ts';
import type { QueueStats } from '../../src/domain/stats.ts';
import type { PlanView } from '../../src/output/plan-text.ts';
import type { Effect, Message } from '../../src/top/messages.ts';
import type { Look, PlaceFacts, State } from '../../src/top/model.ts';
import { beginning, update } from '../../src/top/state.ts';

export const now = '2026-11-24T03:41:09.000000Z';

export const place = (name = 'prod', more: Partial<PlaceFacts> = {}): PlaceFacts => ({
  name,
  protected: false,
  readOnly: false,
  targets: {},
  flags: ['-c', name],
  ...more,
});

export const stats = (
  queue: string,
  counts: Partial<Record<JobState, number>> = {},
  more: Partial<QueueStats> = {},
): QueueStats => ({
  queue,
  counts: { waiting: 0, delayed: 0, active: 0, completed: 0, dead: 0, cancelled: 0, blocked: 0, ...counts },
  other: {},
  exact: true,
  ...more,
});

export const look = (queues: readonly QueueStats[], more: Partial<Look> = {}): Look => ({
  backend: 'postgres/procrastinate',
  version: '3.9',
  where: 'postgres://app@db:5432/jobs',
  reads: 'peek',
  asOf: now,
  queues,
  pauses: [],
  workers: { alive: 3, silent: 1 },
  ...more,
});

export interface Played {
  readonly state: State;
  /** Of the last message. */
  readonly effects: readonly Effect[];
}

export const begin = (places: readonly PlaceFacts[] = [place()], more: Partial<State> = {}): State => ({
  ...beginning({ places, columns: 100, rows: 24, now: 0, everyMs: 2000, unlocked: false }),
  ...more,
});

/** The messages one after the other. */
export const play = (state: State, ...messages: readonly Message[]): Played =>
  messages.reduce<Played>(
    (played, message) => {
      const [next, effects] = update(played.state, message);
      return { state: next, effects };
    },
    { state, effects: [] },
  );

export const keys = (...names: readonly string[]): Message[] => names.map((key) => ({ type: 'key', key }));
export const typed = (text: string): Message[] =>
  keys(...[...text].map((letter) => (letter === ' ' ? 'space' : letter)));

export const looked = (
  queues: readonly QueueStats[],
  at = 1000,
  more: Partial<Look> & { place?: string; tookMs?: number } = {},
): Message => {
  const { place: name = 'prod', tookMs = 10, ...rest } = more;
  return { type: 'looked', place: name, look: look(queues, rest), at, tookMs };
};

/** Three queues: a flood, a quiet one, and one that is only large. */
export const flood = [
  stats(
    'email',
    { waiting: 12, dead: 412 },
    { oldestWaitingSeconds: 3700, rates: { windowSeconds: 300, completed: 100, died: 300 } },
  ),
  stats('reports', { completed: 9 }, { rates: { windowSeconds: 300, completed: 9, died: 0 } }),
  stats(
    'webhooks',
    { waiting: 90_000, active: 4 },
    { oldestWaitingSeconds: 60, rates: { windowSeconds: 300, completed: 3000, died: 0 } },
  ),
];

export const seen = (places?: readonly PlaceFacts[], more?: Partial<State>): State =>
  play(begin(places, more), { type: 'tick', at: 0 }, looked(flood)).state;

export const plan: PlanView = {
  plan: {
    schemaVersion: 1,
    verb: 'replay',
    context: 'prod',
    backend: 'postgres/procrastinate',
    where: 'postgres://app@db:5432/jobs',
    queues: ['email'],
    task: {
      kind: 'act',
      action: { verb: 'replay', keepAttempts: false },
      selection: { queues: ['email'], states: ['dead'], group: 'g-3f9a5c21', cutoff: now },
    },
    madeAt: now,
    matched: { value: 300, exact: true },
    severity: 'normal',
    strays: [],
    warnings: [],
  },
  sample: [],
  backupFolder: '/home/ada/.local/state/jobctl/runs',
  dryRun: false,
};

/** The effects of one kind. */
export const only = <Type extends Effect['type']>(effects: readonly Effect[], type: Type) =>
  effects.filter((effect): effect is Extract<Effect, { type: Type }> => effect.type === type);
