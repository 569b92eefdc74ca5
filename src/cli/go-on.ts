import { JobctlError } from '../domain/errors.ts';
import { isTrial, type Plan, type Report } from '../domain/plan.ts';
import { engineFor } from '../operations/engine.ts';
import { madeBefore } from '../operations/made-before.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { resumeRun } from '../operations/resume.ts';
import { sentBefore } from '../operations/sent-before.ts';
import { openRun } from '../safety/run-folder.ts';
import { inputOf } from '../safety/run-input.ts';
import { shellWord } from '../safety/shell-word.ts';
import { compileTests } from './criteria.ts';
import { payloadCheck } from './job-types.ts';
import { runHere } from './run-here.ts';
import type { Session } from './session.ts';
import { sourceOf } from './source.ts';
import { switchesOf } from './switches.ts';

export interface GoOnOrder {
  readonly run: string;
  readonly timeout: string;
}

/** Goes on with a run that was interrupted. */
export async function goOn(session: Session, given: Ports, pace: Pace, order: GoOnOrder): Promise<Report> {
  const { stateDir, adapter } = session;
  const { run: found, ports } = await runHere(session, given, order.run);
  const { plan, path } = found;
  if (isTrial(plan.verb)) throw notGoneOn(plan, order.run);
  const { task } = plan;
  const tests = task.kind === 'act' ? await compileTests(task.selection) : {};
  const engine = engineFor(plan, {
    adapter,
    resumed: true,
    tests,
    ...(task.kind === 'act' && task.validOnly && { payloads: await payloadCheck(session.context.jobTypes) }),
    source: (from, first) => sourceOf(from, first, stateDir),
    sentBefore: (backup) => sentBefore(stateDir, backup),
    madeBefore: (seconds) => madeBefore(stateDir, seconds),
    switches: switchesOf(session, order.timeout),
    input: (from, size) => inputOf(path, from, size),
  });
  const run = await openRun(stateDir, order.run);
  try {
    const source = (from: number) => (task.kind === 'put-back' ? sourceOf(task, from, stateDir) : none());
    return await resumeRun(run, engine, source, ports, pace);
  } finally {
    await run.close();
  }
}

const notGoneOn = ({ verb, queues }: Plan, run: string): JobctlError =>
  new JobctlError('refused', `A ${verb} is not gone on with: more of its jobs are of use to nobody.`, {
    next: [
      `jobctl undo ${run}   # takes away what is left of it`,
      `jobctl ${verb} ${queues.map(shellWord).join(' ')}   # a new one`,
    ],
  });

async function* none(): AsyncGenerator<never> {}
