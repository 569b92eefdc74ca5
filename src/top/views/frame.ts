import { duration } from '../../output/age.ts';
import { plural } from '../../output/count-text.ts';
import { cutTo, textWidth } from '../../output/text-width.ts';
import { fold } from '../fold.ts';
import { bodyOf, current, headsOf, least, panelPage } from '../layout.ts';
import type { Panel, Place, State } from '../model.ts';
import { equivalent, panelFoot, panelLines } from '../panel-text.ts';
import { textOf } from '../text.ts';
import { typesInto } from '../update/act.ts';
import { helpLines, screenKeys } from './keys.ts';
import { deadLines, jobsLines, runsLines } from './lists.ts';
import { dot, type Look, pageOn, signs } from './look.ts';
import { overviewLines } from './overview.ts';

/** The whole screen, line by line. Each may be longer than the screen is wide: it is cut when it is drawn. */
export function frameLines(state: State, look: Look): string[] {
  if (state.columns < least.columns || state.rows < least.rows)
    return ['Too small: make the window', `at least ${least.columns} by ${least.rows}.`].slice(0, state.rows);
  const room = bodyOf(state);
  const { all, top } = bodyLines(state, look);
  const body = all.slice(top, top + room);
  const blank = Array<string>(room - body.length).fill('');
  const rest = all.length - top - room;
  const lines = [...headLines(state, look), ...body, ...blank, sayLine(state, rest, look), keysLine(state, rest, look)];
  return lines.map((line) => signs(look, line));
}

function headLines(state: State, look: Look): string[] {
  const shown = headsOf(state);
  const hidden = current(state).kind === 'overview' ? state.places.slice(shown.length) : [];
  return shown.map((place) => headLine(state, place, place === shown.at(-1) ? hidden : [], look));
}

/** What must not be cut off comes first. */
function headLine(state: State, place: Place, hidden: readonly Place[], look: Look): string {
  const { style, clean } = look;
  const { name, look: seen } = place;
  const guarded = place.protected;
  const parts = [
    guarded ? style.bad(`${clean(name)} PROTECTED`) : style.strong(clean(name)),
    place.readOnly ? 'read-only' : state.unlocked ? style.warn('WRITING UNLOCKED') : 'locked',
    hiddenText(hidden, look),
    ageText(state, place, look),
    seen?.workers === undefined
      ? ''
      : `${plural(seen.workers.alive, 'worker')}${seen.workers.silent === 0 ? '' : style.bad(`, ${seen.workers.silent} silent`)}`,
    seen === undefined ? '' : `${seen.backend} ${seen.version}`.trim(),
  ];
  return parts.filter((part) => part !== '').join(dot);
}

function hiddenText(hidden: readonly Place[], { style }: Look): string {
  if (hidden.length === 0) return '';
  const away = hidden.filter(({ failure }) => failure !== undefined).length;
  return `and ${plural(hidden.length, 'more context')}${away === 0 ? '' : style.bad(`, ${away} NOT REACHED`)}`;
}

/** How old what is shown is; after a failure also why. */
function ageText(state: State, place: Place, { style, clean }: Look): string {
  const { now } = state;
  const { failure, looking } = place;
  const screen = current(state);
  const lookedAt = (screen.kind === 'overview' ? undefined : screen.loadedAt) ?? place.lookedAt;
  const age = lookedAt === undefined ? undefined : Math.max(0, Math.floor((now - lookedAt) / 1000));
  if (failure !== undefined)
    return style.bad(
      `${age === undefined ? 'NOT REACHED' : `STALE, ${duration(age)} old`}: ${cutTo(clean(failure), 200)}`,
    );
  if (age === undefined) return looking ? 'connecting …' : '';
  return age < 1 ? 'now' : `${duration(age)} old`;
}

/** What is shown from line `top` on; the rest is scrolled to. */
interface Body {
  readonly all: readonly string[];
  readonly top: number;
}

function bodyLines(state: State, look: Look): Body {
  if (state.help) return scrolledTo(helpLines(state), state.helpTop, state);
  if (state.panel !== undefined) return { all: panelOf(state, state.panel, look), top: 0 };
  const screen = current(state);
  switch (screen.kind) {
    case 'overview':
      return { all: overviewLines(state, look), top: 0 };
    case 'dead':
      return { all: deadLines(state, screen, look), top: 0 };
    case 'jobs':
      return { all: jobsLines(state, screen, look), top: 0 };
    case 'runs':
      return { all: runsLines(state, screen, look), top: 0 };
    default:
      return scrolledTo(textOf(state, screen, pageOn(look, state.columns)), screen.scroll, state);
  }
}

const scrolledTo = (all: readonly string[], top: number, state: State): Body => ({
  all,
  top: Math.min(top, Math.max(0, all.length - bodyOf(state))),
});

function panelOf(state: State, panel: Panel, look: Look): string[] {
  const { style, clean } = look;
  if (panel.stage === 'scope') {
    const choices = panel.choices.map(({ key, label }) => `  ${style.strong(key)}  ${clean(label)}`);
    return [style.strong(clean(panel.title)), ...choices, `  ${style.strong('Esc')}  none`];
  }
  const page = pageOn(look, state.columns);
  const foot = fold(
    [`${style.dim('$')} ${equivalent(panel, state, page)}`, ...panelFoot(state, panel, page)],
    page.width,
  );
  const room = panelPage(state, foot.length);
  const text = panelLines(panel, state, page);
  const top = Math.min(panel.scroll, Math.max(0, text.length - room));
  const rest = text.length - top - room;
  const shown = text.slice(top, top + room);
  const more = rest > 0 ? style.dim(`… ${plural(rest, 'more line')}, Down scrolls`) : '';
  return [...shown, more, ...foot];
}

/** What is being typed, else what was said, else why the shown screen could not be loaded, else how much is below. */
function sayLine(state: State, rest: number, { style, clean }: Look): string {
  const { input, notice } = state;
  if (input !== undefined) {
    const lead = { filter: '/', palette: ':', file: 'Write to file: ' }[input.kind];
    return `${lead}${clean(input.text)}_`;
  }
  if (notice !== undefined) return style.strong(clean(notice));
  const screen = current(state);
  const more = rest > 0 ? style.dim(`… ${plural(rest, 'more line')}, Down scrolls`) : '';
  if (state.help) return more;
  if (screen.kind === 'overview')
    return state.filter === ''
      ? ''
      : style.dim(clean(`${plural(state.list.length, 'queue')} with "${state.filter}" in their names`));
  return screen.failure === undefined ? more : style.bad(clean(screen.failure));
}

/** As many keys as there is room for. */
function keysLine(state: State, rest: number, { style }: Look): string {
  if (state.help)
    return style.dim(
      rest > 0 || state.helpTop > 0 ? 'Up and Down scroll, any other key closes the help' : 'any key closes the help',
    );
  if (state.panel !== undefined) return typesInto(state.panel) ? '' : style.dim('? help');
  if (state.input !== undefined) return style.dim('Enter takes it, Esc drops it');
  const screen = current(state);
  const keys = screenKeys[screen.kind].map(([key, does]) => `${key} ${does}`);
  const fixed = screen.kind === 'overview' ? ['? help', 'q quit'] : ['Esc back', '? help', 'q quit'];
  const fitting = keys.filter(
    (_, index) => textWidth([...keys.slice(0, index + 1), ...fixed].join('  ')) <= state.columns,
  );
  return style.dim([...fitting, ...fixed].join('  '));
}
