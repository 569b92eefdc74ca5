import { arranged } from './arrange.ts';
import { atTop, scrolled, settle } from './cursor.ts';
import { bodyOf, current, pageOf } from './layout.ts';
import type { Message } from './messages.ts';
import type { PlaceFacts, State } from './model.ts';
import { asked, ended, panelKey, planned, progressed, typesInto } from './update/act.ts';
import { answered, failed, looked, lookFailed, ticked } from './update/answers.ts';
import { filterOf, inputKey } from './update/input.ts';
import { reload } from './update/open.ts';
import { deadKey, jobKey, jobsKey, overviewKey, queueKey, runKey, runsKey } from './update/screens.ts';
import { back, type Step, still } from './update/step.ts';
import { unlock } from './update/unlock.ts';
import { helpLines } from './views/keys.ts';

export interface Beginning {
  readonly places: readonly PlaceFacts[];
  readonly columns: number;
  readonly rows: number;
  readonly now: number;
  readonly everyMs: number;
  readonly unlocked: boolean;
  /** Only queues whose name contains this. */
  readonly filter?: string | undefined;
}

/** Before anything was looked at. The first tick asks. */
export const beginning = ({ places, unlocked, filter = '', ...rest }: Beginning): State => ({
  ...rest,
  places: places.map(({ name, protected: isProtected, readOnly, targets, flags }) => ({
    name,
    protected: isProtected,
    readOnly,
    targets,
    flags,
    looking: false,
    dueAt: 0,
    history: {},
  })),
  list: [],
  sort: 'worst',
  reversed: false,
  filter,
  cursor: atTop,
  screens: [{ kind: 'overview', ticket: 0 }],
  tickets: 0,
  unlocked: unlocked && places.some(({ readOnly }) => !readOnly),
  help: false,
  helpTop: 0,
});

/** All that the screen knows to do, without a backend, a terminal or a clock. */
export function update(state: State, message: Message): Step {
  switch (message.type) {
    case 'key':
      return pressed(state.notice === undefined ? state : { ...state, notice: undefined }, message.key);
    case 'tick':
      return ticked(state, message);
    case 'resized':
      return still(resized({ ...state, columns: message.columns, rows: message.rows }));
    case 'looked':
      return looked(state, message);
    case 'look-failed':
      return lookFailed(state, message);
    case 'answered':
      return answered(state, message);
    case 'failed':
      return failed(state, message);
    case 'planned':
      return planned(state, message);
    case 'asked':
      return asked(state, message);
    case 'progressed':
      return progressed(state, message);
    case 'ended':
      return ended(state, message);
  }
}

function resized(state: State): State {
  const next = arranged(state);
  const screen = current(next);
  const keys =
    screen.kind === 'dead'
      ? (screen.found?.groups.map(({ group }) => group) ?? [])
      : screen.kind === 'jobs'
        ? screen.jobs.map(({ id }) => id)
        : screen.kind === 'runs'
          ? (screen.runs?.map(({ id }) => id) ?? [])
          : undefined;
  if (keys === undefined || !('cursor' in screen)) return next;
  return {
    ...next,
    screens: [...next.screens.slice(0, -1), { ...screen, cursor: settle(screen.cursor, keys, pageOf(next)) }],
  };
}

function pressed(state: State, key: string): Step {
  if (key === 'ctrl-z') return [state, [{ type: 'suspend' }]];
  if (state.help) return helpKey(state, key);
  if (key === '?' && state.panel !== undefined && !typesInto(state.panel))
    return still({ ...state, help: true, helpTop: 0 });
  if (state.panel !== undefined) return panelKey(state, state.panel, key);
  if (state.input !== undefined) return inputKey(state, state.input, key);
  switch (key) {
    case 'ctrl-c':
      return [state, [{ type: 'exit', code: 130 }]];
    case 'q':
      return [state, [{ type: 'exit', code: 0 }]];
    case '?':
      return still({ ...state, help: true, helpTop: 0 });
    case ':':
      return still({ ...state, input: { kind: 'palette', text: '' } });
    case '/': {
      const text = filterOf(state);
      return text === undefined ? still(state) : still({ ...state, input: { kind: 'filter', text } });
    }
    case 'W':
      return unlock(state);
    case 'ctrl-r':
      return reload(state, current(state));
    case 'escape':
    case 'left':
    case 'h':
    case 'backspace':
      return back(state);
    default:
      return onScreen(state, key);
  }
}

/** A help that is longer than the window is scrolled; any other key closes it. */
function helpKey(state: State, key: string): Step {
  const lines = helpLines(state).length;
  const top = lines > bodyOf(state) ? scrolled(state.helpTop, lines, bodyOf(state), key) : undefined;
  if (top !== undefined) return still({ ...state, helpTop: top });
  if (key === 'ctrl-c' && state.panel === undefined) return [state, [{ type: 'exit', code: 130 }]];
  return still({ ...state, help: false });
}

function onScreen(state: State, key: string): Step {
  const screen = current(state);
  switch (screen.kind) {
    case 'overview':
      return overviewKey(state, key);
    case 'queue':
      return queueKey(state, screen, key);
    case 'dead':
      return deadKey(state, screen, key);
    case 'jobs':
      return jobsKey(state, screen, key);
    case 'job':
      return jobKey(state, screen, key);
    case 'runs':
      return runsKey(state, screen, key);
    case 'run':
      return runKey(state, screen, key);
  }
}
