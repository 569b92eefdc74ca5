import type { Narrowing, Order } from '../../operations/order.ts';
import { arranged } from '../arrange.ts';
import { lineOf, move, scrolled } from '../cursor.ts';
import { pageOf } from '../layout.ts';
import {
  type Choice,
  type DeadScreen,
  type JobScreen,
  type JobsScreen,
  type QueueScreen,
  type RunScreen,
  type RunsScreen,
  type State,
  sorts,
} from '../model.ts';
import { linesOf } from '../text.ts';
import { begin, choose } from './act.ts';
import { previewed } from './answers.ts';
import { CHUNK, openDead, openJob, openJobs, openQueue, openRun, openRuns, reload } from './open.ts';
import { ask, noticed, type Step, still, withScreen } from './step.ts';

const opens = (key: string): boolean => key === 'enter' || key === 'right' || key === 'l';

export function overviewKey(state: State, key: string): Step {
  const keys = state.list.map((row) => row.key);
  const cursor = move(state.cursor, keys, pageOf(state), key);
  if (cursor !== undefined) return still({ ...state, cursor });
  const row = state.list[lineOf(state.cursor, keys)];
  const { place, queue } = row ?? {};
  if (key === 's') {
    const sort = sorts[(sorts.indexOf(state.sort) + 1) % sorts.length] ?? 'worst';
    return noticed(arranged({ ...state, sort, reversed: false }), `Sorted by ${sort}. S turns it round.`);
  }
  if (key === 'S') return still(arranged({ ...state, reversed: !state.reversed }));
  if (key === 'u' && state.places[0] !== undefined) return openRuns(state, place ?? state.places[0].name);
  if (place === undefined || queue === undefined) return still(state);
  if (opens(key)) return openQueue(state, place, queue);
  return key === 'd' ? openDead(state, place, queue) : still(state);
}

export function queueKey(state: State, screen: QueueScreen, key: string): Step {
  const scroll = scrolled(screen.scroll, linesOf(state, screen), pageOf(state), key);
  if (scroll !== undefined) return still(withScreen(state, { ...screen, scroll }));
  const { place, queue } = screen;
  if (key === 'd' || opens(key)) return openDead(state, place, queue);
  if (key === 'u') return openRuns(state, place);
  if (key === 't') return begin(state, place, { verb: 'reset', queue, narrow: {} });
  if (key === 'p')
    return begin(state, place, { verb: screen.facts?.stats.paused === true ? 'resume' : 'pause', queue });
  return still(state);
}

/** The groups that are listed. */
export const groupsShown = ({ found, filter }: DeadScreen) =>
  (found?.groups ?? []).filter(({ signature, group }) =>
    `${group} ${signature}`.toLowerCase().includes(filter.toLowerCase()),
  );

export function deadKey(state: State, screen: DeadScreen, key: string): Step {
  const { place, queue } = screen;
  if (!screen.agreed) {
    const agreed = { ...screen, agreed: true };
    return key === 'L' ? reload(withScreen(state, agreed), agreed) : still(state);
  }
  const groups = groupsShown(screen);
  const keys = groups.map(({ group }) => group);
  const cursor = move(screen.cursor, keys, pageOf(state), key);
  if (cursor !== undefined) return still(withScreen(state, { ...screen, cursor }));
  const chosen = groups[lineOf(screen.cursor, keys)];
  if (opens(key) && chosen !== undefined)
    return openJobs(state, { place, queue, group: chosen.group, signature: chosen.signature });
  if (key === 'a') return openJobs(state, { place, queue, group: undefined, signature: undefined });
  if (key === 'A' && screen.found?.complete === false) {
    const all = { ...screen, all: true };
    return reload(withScreen(state, all), all);
  }
  const verb = verbs[key];
  if (verb === undefined) return still(state);
  const { found } = screen;
  const scopes: Scope[] = [
    ...(chosen === undefined
      ? []
      : [
          {
            key: 'g',
            label: `the group ${chosen.group}: ${amount(chosen.count, found?.complete)}`,
            narrow: { group: chosen.group },
          },
        ]),
    { key: 'a', label: `all dead jobs of ${queue}: ${amount(found?.scanned ?? 0, found?.complete)}`, narrow: {} },
  ];
  return choose(state, place, `${title[verb]} which jobs?`, choicesOf(verb, queue, scopes));
}

interface Scope {
  readonly key: string;
  readonly label: string;
  readonly narrow: Narrowing;
}

const verbs: Readonly<Record<string, 'replay' | 'remove' | 'export'>> = { r: 'replay', x: 'remove', e: 'export' };
const title = { replay: 'Replay', remove: 'Remove', export: 'Export' };
const amount = (count: number, exact: boolean | undefined): string => `${count}${exact === false ? ' or more' : ''}`;

const choicesOf = (verb: 'replay' | 'remove' | 'export', queue: string, scopes: readonly Scope[]): Choice[] =>
  scopes.map(({ key, label, narrow }) => ({ key, label, order: orderOf(verb, queue, narrow) }));

const orderOf = (verb: 'replay' | 'remove' | 'export', queue: string, narrow: Narrowing): Order =>
  verb === 'export' ? { verb, queue, narrow, file: '' } : { verb, queue, narrow };

export function jobsKey(state: State, screen: JobsScreen, key: string): Step {
  const { place, queue, ticket, group, filter, jobs, marks } = screen;
  const keys = jobs.map(({ id }) => id);
  const here = keys[lineOf(screen.cursor, keys)];
  if (key === 'space') {
    if (here === undefined) return still(state);
    const next = new Set(marks);
    if (!next.delete(here)) next.add(here);
    return jobsKey(withScreen(state, { ...screen, marks: next }), { ...screen, marks: next }, 'down');
  }
  const cursor = move(screen.cursor, keys, pageOf(state), key);
  if (cursor !== undefined) {
    const near = screen.more && !screen.loading && cursor.index + pageOf(state) >= jobs.length;
    const moved = { ...screen, cursor, loading: screen.loading || near };
    const error = filter === '' ? undefined : filter;
    const more = ask(place, ticket, { kind: 'jobs', queue, group, error, upTo: jobs.length + CHUNK, fresh: false });
    const [next, effects] = previewed(withScreen(state, moved), moved);
    return [next, near ? [more, ...effects] : effects];
  }
  if (opens(key) && here !== undefined) return openJob(state, place, queue, here);
  if (key === 'm') return still(withScreen(state, { ...screen, marks: new Set() }));
  const verb = verbs[key];
  if (verb === undefined) return still(state);
  const narrow = { ...(group === undefined ? {} : { group }), ...(filter === '' ? {} : { error: filter }) };
  const what = group === undefined && filter === '' ? `all dead jobs of ${queue}` : 'all that match, seen here or not';
  const scopes: Scope[] = [
    ...(marks.size === 0 ? [] : [{ key: 'm', label: `the ${marks.size} marked`, narrow: { ids: [...marks] } }]),
    ...(here === undefined ? [] : [{ key: 'o', label: `only job ${here}`, narrow: { ids: [here] } }]),
    { key: 'a', label: what, narrow },
  ];
  return choose(state, place, `${title[verb]} which jobs?`, choicesOf(verb, queue, scopes));
}

export function jobKey(state: State, screen: JobScreen, key: string): Step {
  const scroll = scrolled(screen.scroll, linesOf(state, screen), pageOf(state), key);
  if (scroll !== undefined) return still(withScreen(state, { ...screen, scroll }));
  const { place, detail } = screen;
  if (detail === undefined) return still(state);
  const { queue, id, state: at } = detail.job;
  const narrow = { ids: [id] };
  const verb = verbs[key];
  if (verb !== undefined) {
    return at === 'dead'
      ? begin(state, place, orderOf(verb, queue, narrow))
      : noticed(state, `Job ${id} is ${at}; ${verb} here is for dead jobs.`);
  }
  if (key === 'c') return begin(state, place, { verb: 'cancel', queue, narrow });
  return key === 't' ? begin(state, place, { verb: 'reset', queue, narrow }) : still(state);
}

export function runsKey(state: State, screen: RunsScreen, key: string): Step {
  const runs = screen.runs ?? [];
  const keys = runs.map(({ id }) => id);
  const cursor = move(screen.cursor, keys, pageOf(state), key);
  if (cursor !== undefined) return still(withScreen(state, { ...screen, cursor }));
  const chosen = keys[lineOf(screen.cursor, keys)];
  return opens(key) && chosen !== undefined ? openRun(state, screen.place, chosen) : still(state);
}

/** A run is opened before it is undone or gone on with. */
export function runKey(state: State, screen: RunScreen, key: string): Step {
  const scroll = scrolled(screen.scroll, linesOf(state, screen), pageOf(state), key);
  if (scroll !== undefined) return still(withScreen(state, { ...screen, scroll }));
  if (key === 'u') return begin(state, screen.place, { verb: 'undo', run: screen.id });
  return key === 'o' ? begin(state, screen.place, { verb: 'go-on', run: screen.id }) : still(state);
}
