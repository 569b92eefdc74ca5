import { JobctlError } from '../domain/errors.ts';
import { grouped } from '../domain/grouped.ts';
import type { Plan } from '../domain/plan.ts';
import { sanitise } from './sanitise.ts';
import { shellWord } from './shell-word.ts';

/** Asks the person at the terminal. Undefined: they left with Ctrl-C. */
export interface Prompt {
  yesNo(question: string): Promise<boolean | undefined>;
  text(question: string): Promise<string | undefined>;
}

export interface ConfirmOptions {
  /** A person sits at stdin and stderr. */
  readonly tty: boolean;
  /** `--json`: a program reads, so nobody is asked. */
  readonly json: boolean;
  /** False with `--no-input`. */
  readonly input: boolean;
  readonly yes: boolean;
  /** The value of `--confirm`. */
  readonly confirm?: string | undefined;
  readonly prompt: Prompt;
}

/** What is asked for. */
export interface Consent {
  /** What it hits; a severe one wants it typed. */
  readonly name: string;
  readonly question: string;
  readonly severe: boolean;
}

/**
 * Resolves when it may be carried out. Throws `refused` when nobody could be asked or the wrong name was given,
 * `cancelled` when the person said no. A severe one wants the name of what it hits, so that a copied command line
 * cannot hit something else; `--yes` names nothing and never counts there.
 */
export function asker(options: ConfirmOptions): (consent: Consent) => Promise<void> {
  const { confirm, prompt } = options;
  const maySpeak = options.tty && !options.json && options.input;
  return async ({ name, question, severe }) => {
    if (confirm !== undefined) {
      if (confirm === name) return;
      throw refused(
        `--confirm says "${sanitise(confirm)}", but this is about "${sanitise(name)}".`,
        `--confirm ${shellWord(name)}`,
      );
    }
    if (severe) {
      if (!maySpeak) throw refused(whyNobodyIsAsked(options, true), `--confirm ${shellWord(name)}`);
      const typed = await prompt.text(`${question} Type ${sanitise(name)} to confirm`);
      if (typed === undefined || typed.trim() === '') throw cancelled();
      if (typed.trim() !== name) throw refused(`You typed "${sanitise(typed)}", expected was "${sanitise(name)}".`);
      return;
    }
    if (options.yes) return;
    if (!maySpeak) throw refused(whyNobodyIsAsked(options, false), '--yes');
    if ((await prompt.yesNo(question)) !== true) throw cancelled();
  };
}

/** The same for a plan about jobs. */
export function confirmer(options: ConfirmOptions): (plan: Plan) => Promise<void> {
  const ask = asker(options);
  return (plan) => ask({ name: nameOf(plan), question: questionOf(plan), severe: plan.severity === 'severe' });
}

/** The queue; where there are several, the context. */
const nameOf = (plan: Plan): string => (plan.queues.length === 1 ? (plan.queues[0] as string) : plan.context);

function questionOf(plan: Plan): string {
  const { value, exact } = plan.matched;
  const count = Math.min(value, plan.limit ?? value);
  const amount = `${exact ? '' : '~'}${grouped(count)} ${count === 1 ? 'job' : 'jobs'}`;
  const verb = `${plan.verb[0]?.toUpperCase()}${plan.verb.slice(1)}`;
  if (plan.task.kind === 'switch') {
    const { to, switches } = plan.task;
    const names = switches.map(({ queue }) => queue).join(', ');
    const what = switches.every(({ before }) => before.found['only'] === true) ? ' the schedules of' : '';
    return sanitise(`${to === 'paused' ? 'Pause' : 'Resume'}${what} ${names} (context ${plan.context})?`);
  }
  if (plan.task.kind === 'move') {
    const { deed, from } = plan.task;
    const what = deed === 'cancel' ? 'Cancel the move out' : `Let the backend move ${amount} out`;
    return sanitise(`${what} of ${from} (context ${plan.context})?`);
  }
  if (plan.task.kind === 'schedule') {
    const { deed, schedule } = plan.task;
    const what = deed === 'put' ? 'Put back' : `${deed[0]?.toUpperCase()}${deed.slice(1)}`;
    return sanitise(`${what} the schedule ${schedule.id} of ${schedule.queue} (context ${plan.context})?`);
  }
  if (plan.task.kind === 'scale') {
    const names = plan.task.steps.map(({ scale }) => scale.consumer).join(', ');
    return sanitise(`Scale ${names} for ${plan.queues.join(', ')} (context ${plan.context})?`);
  }
  return sanitise(`${verb} ${amount} in ${plan.queues.join(', ')} (context ${plan.context})?`);
}

function whyNobodyIsAsked({ json, input, yes }: ConfirmOptions, severe: boolean): string {
  const reason = json ? 'with --json' : input ? 'without a terminal' : 'with --no-input';
  return `This needs a confirmation, and ${reason} nobody is asked.${severe && yes ? ' --yes is not enough: it does not name what it hits.' : ''}`;
}

const refused = (message: string, flag?: string): JobctlError =>
  new JobctlError('refused', message, { next: flag === undefined ? ['Run the command again.'] : [`Add ${flag}`] });

const cancelled = (): JobctlError => new JobctlError('cancelled', 'Cancelled; nothing was changed.');
