import { commandAt, commandOf } from '../operations/order.ts';
import { errorText } from '../output/error-text.ts';
import { lines } from '../output/facts.ts';
import { type Page, plainStyle, view } from '../output/page.ts';
import { planText } from '../output/plan-text.ts';
import { progressText } from '../output/progress-text.ts';
import { reportText } from '../output/report-text.ts';
import { wrap } from '../output/text-width.ts';
import { fold } from './fold.ts';
import type { Acting, Ending, Panel, State } from './model.ts';

type Shown = Exclude<Panel, { stage: 'scope' }>;

/** The text of an action: its plan, or what came of it. Scrolled by lines. */
export function panelLines(panel: Shown, state: State, page: Page): string[] {
  return fold(textOf(panel, state, page).split('\n'), page.width);
}

function textOf(panel: Shown, state: State, page: Page): string {
  // a dry run ends with its plan
  const planned = panel.plan === undefined ? undefined : planText(panel.plan, page);
  if (panel.stage === 'ended' && !(planned !== undefined && 'report' in panel.ending && panel.ending.report.dryRun))
    return endText(placed(panel.ending, flagsOf(state, panel)), page);
  return planned ?? (panel.stage === 'running' ? '' : 'Looking what it would do …');
}

export const panelLength = (state: State, panel: Shown): number =>
  panelLines(panel, state, { width: state.columns, style: plainStyle, clean: (text) => text }).length;

const flagsOf = ({ places }: State, { place }: Pick<Acting, 'place'>): readonly string[] =>
  places.find(({ name }) => name === place)?.flags ?? [];

/** What is to be copied leads to the context that was acted on, not to the one that a shell would take. */
function placed(ending: Ending, flags: readonly string[]): Ending {
  const there = (command: string): string => commandAt(command, flags);
  if ('report' in ending) return { report: { ...ending.report, next: ending.report.next.map(there) } };
  return 'failure' in ending ? { ...ending, next: ending.next.map(there) } : ending;
}

function endText(ending: Ending, page: Page): string {
  if ('report' in ending) return reportText(ending.report, page);
  if ('said' in ending) return view((text: string) => text)(ending.said, page);
  return errorText({ message: ending.failure, next: ending.next }, page);
}

/** The same on a command line. */
export const equivalent = ({ order, dryRun, place }: Acting, state: State, page: Page): string => {
  return page.clean(`${commandOf(order, flagsOf(state, { place }))}${dryRun ? ' --dry-run' : ''}`);
};

/** What is asked or told below the text. */
export function panelFoot(state: State, panel: Shown, page: Page): string[] {
  const { style, clean } = page;
  switch (panel.stage) {
    case 'planning':
      return [style.dim('One moment.')];
    case 'asking':
      return [
        ...wrap(clean(panel.question), page.width).map(style.strong),
        panel.severe ? `> ${clean(panel.typed)}_` : 'y yes, n or Esc no',
      ];
    case 'running':
      return [
        progressOf(state, panel),
        panel.stopping
          ? style.warn('Stopping after the batch in flight. Ctrl-C leaves at once.')
          : style.dim('s stops after the batch in flight'),
      ];
    case 'ended':
      return [
        lines(panel.dryRun && 'report' in panel.ending ? style.warn(lockedText(state, panel)) : ''),
        style.dim('Enter closes'),
      ];
  }
}

const lockedText = ({ places }: State, { place }: Acting): string =>
  places.some(({ name, readOnly }) => name === place && readOnly)
    ? 'The context is readOnly: this was the plan, and nothing is written through it.'
    : 'Writing is locked: this was the plan. W unlocks, then do it again.';

function progressOf(state: State, { progress, begunAt }: Extract<Panel, { stage: 'running' }>): string {
  if (progress === undefined) return 'Working …';
  const elapsedSeconds = (state.now - begunAt) / 1000;
  const width = 20;
  const done = progress.of === 0 ? 0 : Math.min(width, Math.floor((progress.done / progress.of) * width));
  return `[${'#'.repeat(done)}${'.'.repeat(width - done)}] ${progressText({ ...progress, elapsedSeconds })}`;
}
