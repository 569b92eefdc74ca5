import { grouped } from '../domain/grouped.ts';
import { secondsBetween } from '../domain/instant.ts';
import type { Plan, Task, Verb } from '../domain/plan.ts';
import { clock, duration } from './age.ts';
import { approximately, counted, plural } from './count-text.ts';
import { blocks, facts, lines } from './facts.ts';
import type { JobView } from './job-view.ts';
import { jobColumns } from './jobs-text.ts';
import { movePlanText } from './move-text.ts';
import { type Page, view } from './page.ts';
import { scalePlanText } from './scale-text.ts';
import { schedulePlanText } from './schedules-text.ts';
import { selectionText } from './selection-text.ts';
import { table } from './table.ts';
import { hang } from './text-width.ts';
import { warningsText } from './warning-text.ts';

export interface PlanView {
  readonly plan: Omit<Plan, 'sample'>;
  /** The plan's sample, each made by `jobView`. */
  readonly sample: readonly JobView[];
  /** Where jobs will be saved before they are changed; undefined when nothing is saved. */
  readonly backupFolder?: string | undefined;
  readonly dryRun: boolean;
}

/** In one screen: what will be done to which jobs, where, and what to know before saying yes. */
export const planText = view((shown: PlanView, page: Page): string => {
  const { plan, sample, backupFolder, dryRun } = shown;
  const { queues, task, matched, limit } = plan;
  if (task.kind === 'switch') return switchText(plan, task, dryRun, page);
  if (task.kind === 'schedule') return schedulePlanText({ plan, task, dryRun }, page);
  if (task.kind === 'move') return movePlanText({ plan, task, dryRun }, page);
  if (task.kind === 'scale') return scalePlanText({ plan, task, dryRun }, page);
  const affected = limit === undefined ? matched.value : Math.min(limit, matched.value);
  const emphasis = plan.severity === 'severe' ? page.style.bad : page.style.strong;
  const where = `in ${queues.length === 1 ? `queue ${queues[0]}` : plural(queues.length, 'queue')}`;
  const rest = matched.value - affected;
  return blocks(
    hang(
      '',
      `${emphasis(`${headline(plan.verb, task)} ${approximately(affected, matched.exact)} ${affected === 1 && matched.exact ? 'job' : 'jobs'}`)} ${where}`,
      Infinity,
    ),
    facts(
      [
        ['queues', queues.length > 1 ? queues.join(', ') : undefined],
        ['context', contextOf(plan)],
        ['backend', `${plan.backend} at ${plan.where}`],
        ['jobs', jobsOf(task)],
        ['to', task.kind === 'act' && task.action.verb === 'replay' ? task.action.to : undefined],
        [
          'matched',
          `${counted(matched)}${limit !== undefined && rest > 0 ? `; limit ${grouped(limit)}, ${approximately(rest, matched.exact)} more stay as they are` : ''}`,
        ],
        ['as of', `${clock(plan.madeAt)}${untilWhen(plan)}`],
        ['reason', plan.reason],
        [
          'backup',
          backupFolder === undefined || task.kind === 'enqueue' || isUnsaved(task)
            ? undefined
            : `each job is saved below ${backupFolder} before it is changed`,
        ],
      ],
      page,
    ),
    sample.length === 0 ? undefined : sampleText(sample.slice(0, affected), plan.madeAt, affected, page),
    straysText(plan.strays, strayNoun(task), page),
    warningsText({ warnings: plan.warnings }, page),
    dryRun ? page.style.strong('dry run: nothing was changed') : undefined,
  );
});

const doing: Readonly<Record<Verb, string>> = {
  replay: 'Replay',
  reset: 'Reset',
  remove: 'Remove',
  purge: 'Purge (remove)',
  cancel: 'Cancel',
  edit: 'Edit the payload of',
  resolve: 'Mark as handled',
  restore: 'Restore',
  undo: 'Undo the change to',
  pause: 'Pause',
  resume: 'Resume',
  evacuate: 'Take out (remove)',
  enqueue: 'Add',
  smoke: 'Add, follow and clean up',
  loadtest: 'Load: add, follow and clean up',
  'schedule-pause': 'Pause',
  'schedule-resume': 'Resume',
  'schedule-run': 'Run',
  'schedule-remove': 'Remove',
  scale: 'Scale',
};

const headline = (verb: Verb, task: Task): string =>
  verb === 'replay' && task.kind === 'act' && task.action.verb === 'replay' && task.action.keepAttempts
    ? 'Replay, keeping the attempts of,'
    : doing[verb];

const putBack = {
  restore: 'recreate what is gone',
  revert: 'take the change back',
  remove: 'remove what was recreated',
  withdraw: 'take away what was added and not begun',
  recall: 'send back what no worker has taken',
} as const;

function jobsOf(task: Exclude<Task, { kind: 'switch' | 'schedule' | 'scale' | 'move' }>): string {
  if (task.kind === 'act' && task.empties !== undefined)
    return `all of the queue at once${task.empties.saves ? ', after what can be received was saved' : ', without a backup'}`;
  if (task.kind === 'act') return selectionText(task.selection);
  return task.kind === 'put-back' ? sourceText(task) : `of type ${task.types.join(' or ')}`;
}

function sourceText({ via, how, from }: Extract<Task, { kind: 'put-back' }>): string {
  const which = from.ids === undefined ? '' : `, ${plural(from.ids.length, 'id')} of it`;
  const state =
    via !== 'restore'
      ? ''
      : how.asWas
        ? '; each as it was, so it may start at once'
        : '; those that were waiting or active come back dead';
  const backup = from.backup === '' ? '' : `, from ${from.backup}`; // what was added has none
  const salvage = from.salvage === true ? ', what can be read of it' : '';
  return `${putBack[via]}${from.run === undefined ? '' : ` of run ${from.run}`}${backup}${which}${salvage}${state}`;
}

/** A pause or a resume: what it touches, queue by queue, and when it ends. */
function switchText(
  plan: PlanView['plan'],
  { to, switches, until }: Extract<Task, { kind: 'switch' }>,
  dryRun: boolean,
  page: Page,
): string {
  const only = switches.length > 0 && switches.every(({ before }) => before.found['only'] === true);
  const verb = `${to === 'paused' ? 'Pause' : 'Resume'}${only ? ' the schedules of' : ''}`;
  const emphasis = plan.severity === 'severe' ? page.style.bad : page.style.strong;
  const names = switches.map(({ queue }) => queue).join(', ');
  return blocks(
    emphasis(switches.length === 0 ? `Nothing to do: ${plan.queues.join(', ')}` : `${verb} ${names}`),
    facts(
      [
        ['context', contextOf(plan)],
        ['backend', `${plan.backend} at ${plan.where}`],
        ...switches.map(({ queue, before }): [string, string] => [queue, before.means.join('; ')]),
        [
          'until',
          until === undefined ? undefined : `${clock(until)} (${duration(secondsBetween(plan.madeAt, until))})`,
        ],
        ['running jobs', to === 'paused' && switches.length > 0 && !only ? 'go on to their end' : undefined],
        ['workers', only ? 'go on as they are' : undefined],
        ['reason', plan.reason],
      ],
      page,
    ),
    warningsText({ warnings: plan.warnings }, page),
    dryRun ? page.style.strong('dry run: nothing was changed') : undefined,
  );
}

/** With what a severe plan asks for: the queue; where there are several, the context. */
function contextOf({ context, severity, queues }: PlanView['plan']): string {
  if (severity !== 'severe') return context;
  return `${context} (asks for ${queues.length === 1 ? 'the name of the queue' : 'this name'})`;
}

function untilWhen({ task, upTo }: PlanView['plan']): string {
  if (task.kind === 'enqueue' || (task.kind === 'act' && task.empties !== undefined)) return '';
  return upTo === undefined ? '; what arrives later is not touched' : '; the run ends at that count';
}

const isUnsaved = (task: Task): boolean => task.kind === 'act' && task.empties?.saves === false;

const straysShown = 5;

function strayNoun(task: Task): string {
  if (task.kind === 'enqueue') return 'job of the input';
  return task.kind === 'put-back' && task.via === 'withdraw' ? 'job without a known id' : 'named job';
}

/** Jobs that were asked for by name and will be left alone. */
function straysText(strays: Plan['strays'], noun: string, page: Page): string | undefined {
  if (strays.length === 0) return undefined;
  const list = strays.slice(0, straysShown).map(({ id, why }): [string, string] => [`  ${id}`, why]);
  const rest = strays.length - straysShown;
  return lines(
    `${strays.length === 1 ? `1 ${noun}` : `${grouped(strays.length)} ${noun.replace('job', 'jobs')}`} will be left alone:`,
    facts(list, page),
    rest > 0 ? page.style.dim(`  … and ${grouped(rest)} more`) : undefined,
  );
}

function sampleText(sample: readonly JobView[], now: string, affected: number, page: Page): string {
  const { text } = table(jobColumns(sample, now, page), sample, { ...page, width: page.width - 2 });
  const more = affected - sample.length;
  return lines(text.replace(/^(?=.)/gm, '  '), more > 0 ? page.style.dim(`  … and ${grouped(more)} more`) : undefined);
}
