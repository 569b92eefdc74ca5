import { duration } from '../../output/age.ts';
import { plural } from '../../output/count-text.ts';
import { cutTo, textWidth } from '../../output/text-width.ts';
import { fold } from '../fold.ts';
import { bodyOf, current, headsShown, least, panelPage } from '../layout.ts';
import type { Panel, Place, State } from '../model.ts';
import { equivalent, panelFoot, panelLines } from '../panel-text.ts';
import { textOf } from '../text.ts';
import { helpLines, screenKeys } from './keys.ts';
import { deadLines, jobsLines, runsLines } from './lists.ts';
import { dot, type Look, pageOn, signs } from './look.ts';
import { overviewLines } from './overview.ts';

/** The whole screen, line by line. Each may be longer than the screen is wide: it is cut when it is drawn. */
export function frameLines(state: State, look: Look): string[] {
  if (state.columns < least.columns || state.rows < least.rows)
    return ['Too small: make the window', `at least ${least.columns} by ${least.rows}.`].slice(0, state.rows);
  const body = bodyLines(state, look).slice(0, bodyOf(state));
  const blank = Array<string>(bodyOf(state) - body.length).fill('');
  const lines = [...headLines(state, look), ...body, ...blank, sayLine(state, look), keysLine(state, look)];
  return lines.map((line) => signs(look, line));
}

function headLines(state: State, look: Look): string[] {
  const shown = headsShown(state);
  const hidden = state.places.length - shown;
  return state.places
    .slice(0, shown)
    .map((place, index) => headLine(state, place, index === shown - 1 ? hidden : 0, look));
}

function headLine(state: State, place: Place, hidden: number, look: Look): string {
  const { style, clean } = look;
  const { name, look: seen } = place;
  const guarded = place.protected;
  const parts = [
    guarded ? style.bad(`${clean(name)} PROTECTED`) : style.strong(clean(name)),
    place.readOnly ? 'read-only' : state.unlocked ? style.warn('WRITING UNLOCKED') : 'locked',
    ageText(state, place, look),
    seen?.workers === undefined
      ? ''
      : `${plural(seen.workers.alive, 'worker')}${seen.workers.silent === 0 ? '' : style.bad(`, ${seen.workers.silent} silent`)}`,
    seen === undefined ? '' : `${seen.backend} ${seen.version}`.trim(),
    hidden > 0 ? `and ${plural(hidden, 'more context')}` : '',
  ];
  return parts.filter((part) => part !== '').join(dot);
}

/** How old what is shown is; after a failure also why. */
function ageText({ now }: State, { lookedAt, failure, looking }: Place, { style, clean }: Look): string {
  const age = lookedAt === undefined ? undefined : Math.max(0, Math.floor((now - lookedAt) / 1000));
  if (failure !== undefined)
    return style.bad(
      `${age === undefined ? 'NOT REACHED' : `STALE, ${duration(age)} old`}: ${cutTo(clean(failure), 200)}`,
    );
  if (age === undefined) return looking ? 'connecting …' : '';
  return age < 1 ? 'now' : `${duration(age)} old`;
}

function bodyLines(state: State, look: Look): string[] {
  if (state.help) return helpLines(current(state).kind);
  if (state.panel !== undefined) return panelOf(state, state.panel, look);
  const screen = current(state);
  switch (screen.kind) {
    case 'overview':
      return overviewLines(state, look);
    case 'dead':
      return deadLines(state, screen, look);
    case 'jobs':
      return jobsLines(state, screen, look);
    case 'runs':
      return runsLines(state, screen, look);
    default: {
      const lines = textOf(state, screen, pageOn(look, state.columns));
      const top = Math.min(screen.scroll, Math.max(0, lines.length - bodyOf(state)));
      return lines.slice(top, top + bodyOf(state));
    }
  }
}

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
  const text = panelLines(panel, page);
  const top = Math.min(panel.scroll, Math.max(0, text.length - room));
  const rest = text.length - top - room;
  const shown = text.slice(top, top + room);
  const more = rest > 0 ? style.dim(`… ${plural(rest, 'more line')}, Down scrolls`) : '';
  return [...shown, more, ...foot];
}

/** What is being typed, else what was said, else why the shown screen could not be loaded. */
function sayLine(state: State, { style, clean }: Look): string {
  const { input, notice } = state;
  if (input !== undefined) {
    const lead = { filter: '/', palette: ':', file: 'Write to file: ' }[input.kind];
    return `${lead}${clean(input.text)}_`;
  }
  if (notice !== undefined) return style.strong(clean(notice));
  const screen = current(state);
  if (screen.kind === 'overview')
    return state.filter === ''
      ? ''
      : style.dim(clean(`${plural(state.list.length, 'queue')} with "${state.filter}" in their names`));
  return screen.failure === undefined ? '' : style.bad(clean(screen.failure));
}

/** As many keys as there is room for. */
function keysLine(state: State, { style }: Look): string {
  if (state.panel !== undefined) return '';
  if (state.input !== undefined) return style.dim('Enter takes it, Esc drops it');
  if (state.help) return style.dim('any key closes the help');
  const screen = current(state);
  const keys = screenKeys[screen.kind].map(([key, does]) => `${key} ${does}`);
  const fixed = screen.kind === 'overview' ? ['? help', 'q quit'] : ['Esc back', '? help', 'q quit'];
  const fitting = keys.filter(
    (_, index) => textWidth([...keys.slice(0, index + 1), ...fixed].join('  ')) <= state.columns,
  );
  return style.dim([...fitting, ...fixed].join('  '));
}
