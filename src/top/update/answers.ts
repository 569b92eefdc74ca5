import { arranged } from '../arrange.ts';
import { settle } from '../cursor.ts';
import { remember, sampleOf } from '../history.ts';
import { pageOf } from '../layout.ts';
import type { Answer, Effect, Message } from '../messages.ts';
import type { JobsScreen, Place, Screen, State } from '../model.ts';
import { nextLook, nextTry } from '../pace.ts';
import { receives, reload } from './open.ts';
import { ask, changed, type Step, still } from './step.ts';

type Of<Type extends Message['type']> = Extract<Message, { type: Type }>;

/** A second has passed: what is due is asked for. Whoever has not answered yet is not asked again. */
export function ticked(state: State, { at }: Of<'tick'>): Step {
  const now = { ...state, now: at };
  const due = now.places.filter(({ looking, dueAt }) => !looking && dueAt <= at);
  const places = now.places.map((place) => (due.includes(place) ? { ...place, looking: true } : place));
  const looks: Effect[] = due.map(({ name }) => ({ type: 'look', place: name }));
  const shown = now.screens.at(-1) as Screen;
  const isDue = shown.kind !== 'overview' && !shown.loading && (shown.dueAt ?? Number.POSITIVE_INFINITY) <= at;
  const [next, effects] = isDue ? reload({ ...now, places }, shown) : still({ ...now, places });
  return [next, [...looks, ...effects]];
}

export function looked(state: State, { place: name, look, at, tookMs }: Of<'looked'>): Step {
  const place = (one: Place): Place => ({
    ...one,
    look,
    lookedAt: at,
    looking: false,
    failure: undefined,
    dueAt: nextLook(at, tookMs, state.everyMs),
    // queues that are gone are forgotten
    history: Object.fromEntries(
      look.queues.map((stats) => [
        stats.queue,
        remember(Object.hasOwn(one.history, stats.queue) ? (one.history[stats.queue] ?? []) : [], sampleOf(stats, at)),
      ]),
    ),
  });
  const places = state.places.map((one) => (one.name === name ? place(one) : one));
  const next = arranged({ ...state, now: at, places });
  const shown = next.screens.at(-1) as Screen;
  const unanswered =
    shown.kind !== 'overview' && shown.place === name && shown.failure !== undefined && !costs(next, shown);
  return unanswered ? reload(next, shown) : still(next); // it was asked while the backend was away
}

/** Looking at jobs where that is a receive is left to the operator each time. */
const costs = (state: State, screen: Screen): boolean =>
  screen.kind !== 'overview' && holdsJobs.includes(screen.kind) && receives(state, screen.place);

const holdsJobs: readonly Screen['kind'][] = ['dead', 'jobs', 'job'];

/** Lists of jobs stand still: they are marked and read. */
const asksByItself = (state: State, screen: Screen): boolean =>
  screen.kind !== 'jobs' && screen.kind !== 'job' && !costs(state, screen);

/** What was seen last stays, with its age. */
export const lookFailed = (state: State, { place: name, message, at }: Of<'look-failed'>): Step =>
  still({
    ...state,
    now: at,
    places: state.places.map((place) =>
      place.name === name ? { ...place, looking: false, failure: message, dueAt: nextTry(at, state.everyMs) } : place,
    ),
  });

export const failed = (state: State, { ticket, message, at }: Of<'failed'>): Step =>
  still(
    changed({ ...state, now: at }, ticket, (screen) => {
      if (screen.kind === 'overview') return screen;
      const gone = screen.kind === 'jobs' ? { previewing: undefined } : {};
      const again = asksByItself(state, screen) ? { dueAt: nextTry(at, state.everyMs) } : {};
      return { ...screen, ...gone, ...again, loading: false, failure: message };
    }),
  );

export function answered(state: State, { ticket, answer, at, tookMs }: Of<'answered'>): Step {
  const next = changed({ ...state, now: at }, ticket, (screen) => {
    const calm = { loading: false, failure: undefined, loadedAt: at };
    const dueAt = nextLook(at, tookMs, state.everyMs);
    const { kind } = screen;
    if (kind === 'queue' && answer.kind === kind) return { ...screen, ...calm, facts: answer.facts, dueAt };
    if (kind === 'dead' && answer.kind === kind) {
      const keys = answer.found.groups.map(({ group }) => group);
      return {
        ...screen,
        ...calm,
        found: answer.found,
        dueAt: costs(state, screen) ? undefined : dueAt,
        cursor: settle(screen.cursor, keys, pageOf(state)),
      };
    }
    if (kind === 'jobs') return withJobs(screen, answer, state, at);
    if (kind === 'job' && answer.kind === kind) {
      const missing =
        answer.detail === undefined ? { failure: `There is no job ${screen.id} here, or not any more.` } : {};
      return { ...screen, ...calm, ...missing, detail: answer.detail, now: answer.now };
    }
    if (kind === 'runs' && answer.kind === kind) {
      const keys = answer.runs.map(({ id }) => id);
      return {
        ...screen,
        ...calm,
        runs: answer.runs,
        now: answer.now,
        dueAt,
        cursor: settle(screen.cursor, keys, pageOf(state)),
      };
    }
    if (kind === 'run' && answer.kind === kind)
      return { ...screen, ...calm, shown: answer.shown, dueAt: answer.shown.run.running ? dueAt : undefined };
    return screen;
  });
  const screen = next.screens.find((one) => one.ticket === ticket);
  return screen?.kind === 'jobs' ? previewed(next, screen) : still(next);
}

function withJobs(screen: JobsScreen, answer: Answer, state: State, at: number): JobsScreen {
  if (answer.kind === 'preview') {
    const { id, detail } = answer;
    return { ...screen, previewing: screen.previewing === id ? undefined : screen.previewing, preview: detail };
  }
  if (answer.kind !== 'jobs') return screen;
  const { jobs, more, now } = answer;
  const keys = jobs.map(({ id }) => id);
  return {
    ...screen,
    loading: false,
    failure: undefined,
    loadedAt: at,
    jobs,
    more,
    now,
    // a mark on a job that is gone would be counted, and mean nothing
    marks: more ? screen.marks : new Set(keys.filter((id) => screen.marks.has(id))),
    cursor: settle(screen.cursor, keys, pageOf(state)),
  };
}

/** Asks for the job under the cursor, one at a time; where looking is a receive, never. */
export function previewed(state: State, screen: JobsScreen): Step {
  const id = screen.cursor.at ?? screen.jobs[screen.cursor.index]?.id;
  if (
    receives(state, screen.place) ||
    id === undefined ||
    screen.previewing !== undefined ||
    screen.preview?.job.id === id
  )
    return still(state);
  const { place, ticket, queue } = screen;
  return [
    changed(state, ticket, (one) => ({ ...(one as JobsScreen), previewing: id })),
    [ask(place, ticket, { kind: 'preview', queue, id })],
  ];
}
