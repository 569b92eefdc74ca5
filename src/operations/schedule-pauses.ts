import type { QueueReader } from '../domain/adapter.ts';
import type { PauseScope, PauseState, Pauses } from '../domain/pause.ts';
import type { Schedule, Schedules } from '../domain/schedule.ts';

/** What lies in `found` besides what the means of the workers put there. */
interface Fed {
  readonly schedules?: readonly { readonly id: string; readonly on: boolean }[] | undefined;
  /** The workers were not touched: only what feeds the queue was stopped. */
  readonly only?: true | undefined;
  /** The workers did not take jobs already. */
  readonly workersPaused?: true | undefined;
}

const fedOf = (found: PauseState['found'] | undefined): Fed => (found ?? {}) as Fed;

/** It feeds the queue, and can be stopped. */
const runs = ({ paused, managedBy }: Schedule): boolean => paused !== true && managedBy === undefined;

/** A pause that can also stop the schedules that feed the queue, or these alone. They stop first and start last. */
export function withSchedules(workers: () => Pauses, reader: Pick<QueueReader, 'schedules'>, ops: Schedules): Pauses {
  const feeding = async (queue: string): Promise<Schedule[]> => (await reader.schedules?.([queue])) ?? [];

  const look = async (queue: string, scope: PauseScope = {}): Promise<PauseState> => {
    const past = fedOf(scope.found);
    const only = scope.only === 'schedules' || past.only === true;
    const base = only ? undefined : await workers().look(queue, scope);
    if (past.schedules !== undefined) {
      const stopped = new Set(past.schedules.filter(({ on }) => on).map(({ id }) => id));
      const still = (await feeding(queue)).filter((one) => stopped.has(one.id) && !runs(one));
      return {
        ...base,
        paused: base?.paused === true || still.length > 0,
        found: { ...scope.found },
        means: [...(base?.means ?? []), ...still.map(meansOf)],
      };
    }
    // some means see to the schedules themselves
    if (base !== undefined && (scope.schedules !== true || workers().schedules === true)) return base;
    const all = await feeding(queue);
    return {
      ...base,
      paused: base?.paused !== false && !all.some(runs),
      found: {
        ...base?.found,
        schedules: all.map((one) => ({ id: one.id, on: runs(one) })),
        ...(base === undefined ? { only: true } : base.paused ? { workersPaused: true } : {}),
      },
      means: [...(base?.means ?? []), ...all.filter(({ managedBy }) => managedBy === undefined).map(meansOf)],
      warnings: [...(base?.warnings ?? []), ...all.flatMap(managedOf)],
    };
  };

  const turn = async (queue: string, found: PauseState['found'] | undefined, to: 'pause' | 'resume'): Promise<void> => {
    const wanted = new Set(
      fedOf(found)
        .schedules?.filter(({ on }) => on)
        .map(({ id }) => id),
    );
    if (wanted.size === 0) return;
    // one at a time: should one fail, it is known how far it came
    for (const one of await feeding(queue))
      if (wanted.has(one.id) && runs(one) === (to === 'pause')) await ops[to](one.id, queue);
  };

  return {
    schedules: true,
    look,
    permitResume(queue, found) {
      if (fedOf(found).only !== true) workers().permitResume?.(queue, found);
    },
    async pause(queue, found, waits) {
      await turn(queue, found, 'pause');
      const { only, schedules } = fedOf(found);
      if (only !== true) {
        const base = await workers().pause(queue, found, waits);
        if (schedules === undefined) return base;
      }
      return await look(queue, only === true ? { only: 'schedules' } : { schedules: true });
    },
    async resume(queue, found, waits) {
      const { only, schedules } = fedOf(found);
      if (only !== true) {
        const base = await workers().resume(queue, found, waits);
        if (schedules === undefined) return base;
      }
      await turn(queue, found, 'resume');
      return await look(queue, { found });
    },
  };
}

const meansOf = ({ id, when, paused }: Schedule): string =>
  `schedule ${id} (${when}${paused === true ? ', paused' : ''})`;

const managedOf = ({ id, paused, managedBy }: Schedule): string[] =>
  managedBy === undefined || paused === true ? [] : [`${id} is managed by ${managedBy}, which alone can stop it.`];

/**
 * Of a queue that others had paused nobody knows what it was like when it ran: its resume is asked for afresh. What consists of
 * several things, each on or off, is known: those that were off stay so.
 */
function knownParts(found: PauseState['found']): PauseState['found'] {
  const kept = ['schedules', 'only', 'feeders', 'mappings'];
  return Object.fromEntries(Object.entries(found).filter(([name]) => kept.includes(name)));
}

/** What a later resume puts back, when the queue was paused from here before: the first pause knows how it was. */
export function foundFirst(
  before: Pick<PauseState, 'paused' | 'found'>,
  known: PauseState['found'] | undefined,
): PauseState['found'] {
  const now = fedOf(before.found);
  if (known === undefined) return before.paused || now.workersPaused === true ? knownParts(before.found) : before.found;
  const then = fedOf(known);
  if (before.paused && now.schedules === undefined) return known;
  const schedules = [
    ...(then.schedules ?? []),
    ...(now.schedules ?? []).filter(({ id }) => !then.schedules?.some((one) => one.id === id)),
  ];
  const fed = schedules.length === 0 ? {} : { schedules };
  const { only: _, ...first } = known as Record<string, unknown>;
  if (now.only === true) return { ...known, ...fed };
  const workers = (before.paused || now.workersPaused === true) && then.only !== true ? first : before.found;
  return { ...workers, ...fed };
}

/** True where what was found tells of more than the workers. */
export const foundSchedules = (found: PauseState['found'] | undefined): boolean =>
  found?.['schedules'] !== undefined || found?.['feeders'] !== undefined;
