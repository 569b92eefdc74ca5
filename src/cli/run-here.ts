import { JobctlError } from '../domain/errors.ts';
import { type RunRecord, readRun } from '../safety/run-folder.ts';
import type { Session } from './session.ts';

/** A run by its id; refused when it was made on another backend than this session's. */
export async function runHere({ stateDir, reader }: Session, id: string): Promise<RunRecord> {
  const run = await readRun(stateDir, id);
  const { context, where } = run.plan;
  if (where === reader.backend.where) return run;
  throw new JobctlError('refused', `The run ${id} was made on ${where}, this is ${reader.backend.where}.`, {
    next: [isName(context) ? `Use the context of the run: -c ${context}` : `Point --url or JOBCTL_URL at ${context}.`],
  });
}

/** Without a configuration the place itself, without its secrets, stands for the context: `-c` would not find it. */
const isName = (context: string): boolean => !context.includes('://') && context !== 'memory:';
