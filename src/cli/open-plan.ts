import { resolve } from 'node:path';
import { type PlanFile, readPlanFile } from '../safety/plan-file.ts';
import { shellWord } from '../safety/shell-word.ts';
import { findContext } from './session.ts';

export interface OpenedPlan {
  readonly path: string;
  readonly file: PlanFile;
  /** The command that made it, to be copied. */
  readonly line: string;
}

interface PlaceFlags {
  readonly context?: string | undefined;
  readonly url?: string | undefined;
  readonly config?: string | undefined;
}

export async function openPlan(name: string): Promise<OpenedPlan> {
  const path = resolve(name);
  const file = await readPlanFile(path);
  return { path, file, line: ['jobctl', ...file.command].map(shellWord).join(' ') };
}

/** The context that the plan was made in, unless another place is named: then the plan has to agree with it. */
export async function contextFor({ file }: OpenedPlan, flags: PlaceFlags): Promise<string | undefined> {
  const { context } = file.plan;
  if (flags.context !== undefined || flags.url !== undefined) return flags.context;
  const { config } = await findContext({ config: flags.config, context: undefined, url: 'memory:' });
  return Object.hasOwn(config.contexts, context) ? context : undefined;
}
