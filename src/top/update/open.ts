import { atTop } from '../cursor.ts';
import type { Question } from '../messages.ts';
import type { JobsScreen, Screen, State } from '../model.ts';
import { ask, type Step, still } from './step.ts';

/** Jobs fetched at once: more than any screen has lines. */
export const CHUNK = 100;

const push = (state: State, screen: Screen, place: string, question: Question): Step => [
  { ...state, screens: [...state.screens, screen], tickets: screen.ticket },
  [ask(place, screen.ticket, question)],
];

const base = (state: State) => ({ ticket: state.tickets + 1, loading: true });

export const openQueue = (state: State, place: string, queue: string): Step =>
  push(state, { kind: 'queue', ...base(state), place, queue, scroll: 0 }, place, {
    kind: 'queue',
    queue,
  });

/** Looking at jobs there hides them for the moment, and counts. */
export const receives = (state: State, place: string): boolean =>
  state.places.find(({ name }) => name === place)?.look?.reads === 'receive';

/** On a backend where looking is a receive it opens without looking: that takes another key. */
export function openDead(state: State, place: string, queue: string): Step {
  const hides = receives(state, place);
  const screen = {
    kind: 'dead',
    ...base(state),
    place,
    queue,
    all: false,
    agreed: !hides,
    cursor: atTop,
    filter: '',
  } as const;
  if (!hides) return push(state, screen, place, { kind: 'dead', queue, all: false });
  return still({ ...state, tickets: screen.ticket, screens: [...state.screens, { ...screen, loading: false }] });
}

export const openJobs = (
  state: State,
  { place, queue, group, signature }: Pick<JobsScreen, 'place' | 'queue' | 'group' | 'signature'>,
): Step =>
  push(
    state,
    {
      kind: 'jobs',
      ...base(state),
      place,
      queue,
      group,
      signature,
      filter: '',
      jobs: [],
      more: false,
      cursor: atTop,
      marks: new Set(),
    },
    place,
    { kind: 'jobs', queue, group, upTo: CHUNK, fresh: true },
  );

export const openJob = (state: State, place: string, queue: string, id: string): Step =>
  push(state, { kind: 'job', ...base(state), place, queue, id, scroll: 0 }, place, { kind: 'job', queue, id });

export const openRuns = (state: State, place: string): Step =>
  push(state, { kind: 'runs', ...base(state), place, cursor: atTop }, place, {
    kind: 'runs',
  });

export const openRun = (state: State, place: string, id: string): Step =>
  push(state, { kind: 'run', ...base(state), place, id, scroll: 0 }, place, { kind: 'run', id });

/** Asks again for what the screen shows. */
export function reload(state: State, screen: Screen): Step {
  if (screen.kind === 'overview') {
    return [
      { ...state, places: state.places.map((place) => ({ ...place, looking: true })) },
      state.places.filter(({ looking }) => !looking).map(({ name }) => ({ type: 'look', place: name })),
    ];
  }
  const question = questionOf(screen);
  if (question === undefined || screen.loading) return still(state);
  const loading = { ...screen, loading: true } as Screen;
  return [
    { ...state, screens: state.screens.map((one) => (one === screen ? loading : one)) },
    [ask(screen.place, screen.ticket, question)],
  ];
}

function questionOf(screen: Exclude<Screen, { kind: 'overview' }>): Question | undefined {
  const { kind } = screen;
  switch (kind) {
    case 'queue':
      return { kind, queue: screen.queue };
    case 'dead':
      return screen.agreed ? { kind, queue: screen.queue, all: screen.all } : undefined;
    case 'jobs':
      return {
        kind,
        queue: screen.queue,
        group: screen.group,
        error: screen.filter === '' ? undefined : screen.filter,
        upTo: CHUNK,
        fresh: true,
      };
    case 'job':
      return { kind, queue: screen.queue, id: screen.id };
    case 'runs':
      return { kind };
    case 'run':
      return { kind, id: screen.id };
  }
}
