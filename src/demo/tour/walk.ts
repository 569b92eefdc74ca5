import { type Deviation, same } from './checks.ts';
import { ask, type Cli } from './cli.ts';
import type { Rows } from './rows.ts';
import type { Memory, Step } from './step.ts';

export interface StepReport {
  readonly title: string;
  readonly command: string;
  readonly ok: boolean;
  readonly exit: number | null;
  readonly seconds: number;
  readonly deviations: readonly Deviation[];
}

export interface Walk {
  readonly cli: Cli;
  readonly rows: () => Promise<Rows>;
  readonly signal: AbortSignal;
  /** Before its command runs. */
  begins(step: Step, number: number, command: string): void;
  said(output: string): void;
  ends(step: Step, report: StepReport): void;
}

/** Takes the steps one after the other, and none after one that did not do what it says. */
export async function walk(steps: readonly Step[], { cli, rows, signal, ...tell }: Walk): Promise<StepReport[]> {
  const memory: Memory = {};
  const reports: StepReport[] = [];
  let before = await rows();
  for (const [index, step] of steps.entries()) {
    signal.throwIfAborted();
    const since = performance.now();
    const words = step.words(memory);
    const command = ['jobctl', ...words].join(' ');
    tell.begins(step, index + 1, command);
    const [shown, asked] = await Promise.allSettled([cli(words), step.reads ? ask(cli, words) : undefined]);
    signal.throwIfAborted();
    if (shown.status === 'rejected') throw shown.reason;
    const ended = shown.value;
    // plan and remarks first, the result last: as it says them
    tell.said(
      [ended.stderr, ended.stdout]
        .map((text) => text.trimEnd())
        .filter(Boolean)
        .join('\n\n'),
    );
    const after = await rows();
    const deviations = [
      ...same('exit code', step.exit, ended.code),
      ...(asked.status === 'rejected'
        ? same('its answer to --json', 'one JSON document', String(asked.reason))
        : step.check({ ended, answer: asked.value, before, after, memory })),
    ];
    const report: StepReport = {
      title: step.title,
      command,
      ok: deviations.length === 0,
      exit: ended.code,
      seconds: Math.round(performance.now() - since) / 1000,
      deviations,
    };
    reports.push(report);
    tell.ends(step, report);
    if (!report.ok) break;
    before = after;
  }
  return reports;
}
