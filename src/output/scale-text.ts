import type { Plan, ScaleStep, Task } from '../domain/plan.ts';
import type { Scale, ScaleChange, ScaleValues } from '../domain/scale.ts';
import { plural } from './count-text.ts';
import { blocks, facts } from './facts.ts';
import { type Page, view } from './page.ts';
import { warningsText } from './warning-text.ts';

export interface ScalesView {
  readonly queue: string;
  readonly consumers: readonly Scale[];
}

const labels: Readonly<Record<keyof ScaleValues, string>> = {
  maxConcurrency: 'at once, this queue',
  batchSize: 'jobs a batch',
  batchWindowSeconds: 'batch window, seconds',
  reservedConcurrency: 'at once, the function',
};

const unlimited = {
  maxConcurrency: 'no limit',
  batchSize: '-',
  batchWindowSeconds: 'none',
  reservedConcurrency: 'nothing reserved',
} as const;
const names = Object.keys(labels) as (keyof ScaleValues)[];

/** `scale show`: a block a consumer. */
export const scalesText = view(({ queue, consumers }: ScalesView, page: Page): string =>
  blocks(
    ...consumers.map(({ id, consumer, state, values, notes }) =>
      blocks(
        `${page.style.strong(consumer)} ${page.style.dim(`takes from ${queue}, ${state}`)}\n${facts(
          [
            ['mapping', id],
            ...names.map((name): [string, string] => [labels[name], String(values[name] ?? unlimited[name])]),
            ['notes', notes.join('; ')],
          ],
          page,
        )}`,
      ),
    ),
    `${plural(consumers.length, 'consumer')}.`,
  ),
);

interface ScalePlan {
  readonly plan: Omit<Plan, 'sample'>;
  readonly task: Extract<Task, { kind: 'scale' }>;
  readonly dryRun: boolean;
}

/** The plan of `scale set`: each value with what it replaces. */
export function scalePlanText({ plan, task, dryRun }: ScalePlan, page: Page): string {
  const severe = plan.severity === 'severe';
  const emphasis = severe ? page.style.bad : page.style.strong;
  return blocks(
    emphasis(
      task.steps.length === 0
        ? `Nothing to do: ${plan.queues.join(', ')} is scaled so already`
        : `Scale ${task.steps.map(({ scale }) => scale.consumer).join(', ')} for ${plan.queues.join(', ')}`,
    ),
    facts(
      [
        ['context', `${plan.context}${severe ? ' (asks for the name of the queue)' : ''}`],
        ['backend', `${plan.backend} at ${plan.where}`],
        ...task.steps.flatMap(stepFacts),
        ['reason', plan.reason],
      ],
      page,
    ),
    warningsText({ warnings: plan.warnings }, page),
    dryRun ? page.style.strong('dry run: nothing was changed') : undefined,
  );
}

const textOf = (change: ScaleChange, name: keyof ScaleValues): string => String(change[name] ?? unlimited[name]);

const stepFacts = ({ scale, change, as }: ScaleStep): [string, string][] => [
  ['mapping', scale.id],
  ...names
    .filter((name) => change[name] !== undefined)
    .map((name): [string, string] => [labels[name], `${textOf(as, name)} → ${textOf(change, name)}`]),
];
