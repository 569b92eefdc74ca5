import { arranged } from '../arrange.ts';
import { atTop } from '../cursor.ts';
import { current } from '../layout.ts';
import type { Input, State } from '../model.ts';
import { beginExport, typedAfter } from './act.ts';
import { reload } from './open.ts';
import { obey } from './palette.ts';
import { type Step, still, withScreen } from './step.ts';

/** A key for the line that is typed. A filter takes effect while it is typed. */
export function inputKey(state: State, input: Input, key: string): Step {
  if (key === 'escape' || key === 'ctrl-c') {
    const closed = { ...state, input: undefined };
    return input.kind === 'filter' ? filtered(closed, '') : still(closed);
  }
  if (key === 'enter') return entered({ ...state, input: undefined }, input);
  const text = typedAfter(input.text, key);
  const next = { ...state, input: { ...input, text } };
  // what the backend is asked for waits for Enter
  return input.kind === 'filter' && current(state).kind !== 'jobs' ? filtered(next, text) : still(next);
}

function entered(state: State, { kind, text, order }: Input): Step {
  if (kind === 'filter') return current(state).kind === 'jobs' ? filtered(state, text) : still(state);
  if (kind === 'palette') return obey(state, text);
  const screen = current(state);
  const place = screen.kind === 'overview' ? undefined : screen.place;
  return order === undefined || place === undefined || text === ''
    ? still(state)
    : beginExport(state, place, { ...order, file: text });
}

/** The filter that the shown screen has now. */
export function filterOf(state: State): string | undefined {
  const screen = current(state);
  if (screen.kind === 'overview') return state.filter;
  return screen.kind === 'dead' || screen.kind === 'jobs' ? screen.filter : undefined;
}

function filtered(state: State, filter: string): Step {
  const screen = current(state);
  if (screen.kind === 'overview') return still(arranged({ ...state, filter, cursor: atTop }));
  if (screen.kind === 'dead') return still(withScreen(state, { ...screen, filter, cursor: atTop }));
  if (screen.kind !== 'jobs' || screen.filter === filter) return still(state);
  const fresh = { ...screen, filter, jobs: [], more: false, now: undefined, cursor: atTop, loading: false };
  return reload(withScreen(state, fresh), fresh);
}
