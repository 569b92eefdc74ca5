import type { Plan, Task } from '../domain/plan.ts';
import { clock } from './age.ts';
import { counted } from './count-text.ts';
import { blocks, facts } from './facts.ts';
import type { Page } from './page.ts';
import { warningsText } from './warning-text.ts';

interface MovePlanView {
  readonly plan: Omit<Plan, 'sample'>;
  readonly task: Extract<Task, { kind: 'move' }>;
  readonly dryRun: boolean;
}

/** What the backend is to do by itself, and what that means. */
export function movePlanText({ plan, task, dryRun }: MovePlanView, page: Page): string {
  const { from, to, perSecond, deed } = task;
  const emphasis = plan.severity === 'severe' ? page.style.bad : page.style.strong;
  return blocks(
    emphasis(deed === 'cancel' ? `Cancel the move out of ${from}` : `Move all of ${from}`),
    facts(
      [
        ['context', `${plan.context}${plan.severity === 'severe' ? ' (asks for the name of the queue)' : ''}`],
        ['backend', `${plan.backend} at ${plan.where}`],
        ['to', to ?? 'the queue that each came from'],
        [deed === 'cancel' ? 'not moved yet' : 'messages', counted(plan.matched)],
        ['pace', perSecond === undefined ? undefined : `at most ${perSecond} a second`],
        ['as of', clock(plan.madeAt)],
        ['backup', deed === 'cancel' ? undefined : 'none is possible; nothing leaves the backend'],
        ['reason', plan.reason],
      ],
      page,
    ),
    warningsText({ warnings: plan.warnings }, page),
    dryRun ? page.style.strong('dry run: nothing was changed') : undefined,
  );
}
