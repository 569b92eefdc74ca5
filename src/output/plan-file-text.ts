import type { Plan } from '../domain/plan.ts';
import { blocks, facts } from './facts.ts';
import { type Page, view } from './page.ts';
import { planText } from './plan-text.ts';

export interface PlanFileView {
  readonly path: string;
  readonly madeBy: { readonly user: string; readonly host: string };
  /** The command that made it. */
  readonly line: string;
  readonly plan: Plan;
  readonly pace: Readonly<Record<string, unknown>>;
}

/** The plan as it was shown when it was made, by whom and how, and the command that carries it out. */
export const planFileText = view(({ path, madeBy, line, plan, pace }: PlanFileView, page: Page): string => {
  const how = Object.entries(pace).map(([name, value]) => `${name} ${String(value)}`);
  return blocks(
    planText({ plan, sample: [], dryRun: false }, page),
    facts(
      [
        ['made by', `${madeBy.user}@${madeBy.host}`],
        ['with', line],
        ['how', how.length === 0 ? undefined : how.join(', ')],
        ['file', path],
      ],
      page,
    ),
  );
});
