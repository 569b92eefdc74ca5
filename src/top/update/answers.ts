import { arranged } from '../arrange.ts';
import { settle } from '../cursor.ts';
import { remember, sampleOf } from '../history.ts';
import { pageOf } from '../layout.ts';
import type { Answer, Effect, Message } from '../messages.ts';
import type { JobsScreen, Place, Screen, State } from '../model.ts';
import { nextLook, nextTry } from '../pace.ts';
import { reload } from './open.ts';
import { ask, changed, type Step, still } from './step.ts';

type Of<Type extends Message['type']> = Extract<Message, { type: Type }>;

/** A second has passed: what is due is asked for. Whoever has not answered yet is not asked again. */
export function ticked(state: State, { at }: Of<'tick'>): Step {
  const now = { ...state, now: at };
  const due = now.places.filter(({ looking, dueAt }) => !looking && dueAt <= at);
  const places = now.places.map((place) => (due.includes(place) ? { ...place, looking: true } : place));
  const looks: Effect[] = due.map(({ name }) => ({ type: 'look', place: name }));
  const shown = now.screens.at(-1) as Screen;
  const isDue = (shown.kind === 'queue' || shown.kind === 'runs') && !shown.loading && shown.dueAt <= at;
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
  const unanswered = shown.kind !== 'overview' && shown.place === name && shown.failure !== undefined;
  return unanswered ? reload(next, shown) : still(next); // it was asked while the backend was away
}

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
      const again = screen.kind === 'queue' || screen.kind === 'runs' ? { dueAt: nextTry(at, state.everyMs) } : {};
      return { ...screen, ...gone, ...again, loading: false, failure: message };
    }),
  );

export function answered(state: State, { ticket, answer, at, tookMs }: Of<'answered'>): Step {
  const next = changed({ ...state, now: at }, ticket, (screen) => {
    const calm = { loading: false, failure: undefined };
    const dueAt = nextLook(at, tookMs, state.everyMs);
    const { kind } = screen;
    if (kind === 'queue' && answer.kind === kind)
      return { ...screen, ...calm, facts: answer.facts, loadedAt: at, dueAt };
    if (kind === 'dead' && answer.kind === kind) {
      const keys = answer.found.groups.map(({ group }) => group);
      return { ...screen, ...calm, found: answer.found, cursor: settle(screen.cursor, keys, pageOf(state)) };
    }
    if (kind === 'jobs') return withJobs(screen, answer, state);
    if (kind === 'job' && answer.kind === kind) {
      const missing = answer.detail === undefined ? { failure: 'This job is not there any more.' } : {};
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
    if (kind === 'run' && answer.kind === kind) return { ...screen, ...calm, shown: answer.shown };
    return screen;
  });
  const screen = next.screens.find((one) => one.ticket === ticket);
  return screen?.kind === 'jobs' ? previewed(next, screen) : still(next);
}

function withJobs(screen: JobsScreen, answer: Answer, state: State): JobsScreen {
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
    jobs,
    more,
    now,
    cursor: settle(screen.cursor, keys, pageOf(state)),
  };
}

/** Asks for the job under the cursor, one at a time; where looking is a receive, never. */
export function previewed(state: State, screen: JobsScreen): Step {
  const id = screen.cursor.at ?? screen.jobs[screen.cursor.index]?.id;
  const receives = state.places.find(({ name }) => name === screen.place)?.look?.reads === 'receive';
  if (receives || id === undefined || screen.previewing !== undefined || screen.preview?.job.id === id)
    return still(state);
  const { place, ticket, queue } = screen;
  return [
    changed(state, ticket, (one) => ({ ...(one as JobsScreen), previewing: id })),
    [ask(place, ticket, { kind: 'preview', queue, id })],
  ];
}
