import { JobctlError } from '../domain/errors.ts';
import { fromDate } from '../domain/instant.ts';
import type { Plan } from '../domain/plan.ts';
import { errorCode } from '../safety/disk-error.ts';
import { operator } from '../safety/operator.ts';
import { type Applied, leaveMark, markOf, type PlanMark, readMark } from '../safety/plan-mark.ts';
import { type RunFolder, readRun } from '../safety/run-folder.ts';
import { listRuns, summaryOf } from '../safety/run-list.ts';
import { shellWord } from '../safety/shell-word.ts';
import type { OpenedPlan } from './open-plan.ts';

type Open = (plan: Plan) => Promise<RunFolder>;

/** What adds jobs, or runs a schedule, would do it a second time. Told by the runs of this machine, and by the mark beside the file. */
export async function refuseTwice(stateDir: string, { file, path }: OpenedPlan): Promise<void> {
  for (const { id, state } of await listRuns(stateDir)) {
    const run = await readRun(stateDir, id).catch(() => undefined);
    if (run?.plan.applies !== file.sha256 || state === 'refused') continue; // then nothing was begun
    const unfinished = state === 'unfinished';
    throw new JobctlError('stale', `The plan ${path} was applied already: ${id}${unfinished ? ', unfinished' : ''}.`, {
      next: [unfinished ? `jobctl run resume ${id}` : `jobctl run show ${id}`],
    });
  }
  const mark = await markOf(path, file.sha256);
  const applied = await readMark(mark);
  if (applied !== undefined) throw marked(path, mark, applied);
}

/**
 * Carries a plan out with a mark beside its file, from before anything is sent: another machine has other runs, and may have
 * the same file. Where nothing was begun it is taken away again.
 */
export async function markedAs<T>(
  stateDir: string,
  { file, path }: OpenedPlan,
  open: Open,
  say: (text: string) => void,
  work: (open: Open) => Promise<T>,
): Promise<T> {
  let mark: PlanMark | undefined;
  let run: string | undefined;
  try {
    return await work(async (plan) => {
      mark = await leave(path, file.sha256, say);
      const folder = await open(plan);
      run = folder.id;
      await mark?.name(run).catch(({ message }: Error) => say(`${mark?.path} does not name its run: ${message}`));
      return folder;
    });
  } finally {
    const begun = run !== undefined && (await summaryOf(stateDir, run)).state !== 'refused';
    if (!begun) await mark?.takeAway().catch(({ message }: Error) => say(`${mark?.path} is there still: ${message}`));
  }
}

async function leave(path: string, sha256: string, say: (text: string) => void): Promise<PlanMark | undefined> {
  const mark = await markOf(path, sha256);
  try {
    return await leaveMark(mark, operator(process.env), fromDate(new Date()));
  } catch (cause) {
    if (errorCode(cause) === 'EEXIST') throw marked(path, mark, (await readMark(mark)) ?? {});
    say(
      `Only this machine knows that the plan is applied: ${mark} could not be written (${errorCode(cause)}). Do not apply it elsewhere.`,
    );
    return undefined;
  }
}

const marked = (path: string, mark: string, { run, user, host, at }: Applied): JobctlError =>
  new JobctlError(
    'stale',
    `The plan ${path} was applied already${user === undefined ? '' : ` by ${user}@${host} at ${at}`}: ${run ?? 'no run is named'}, says ${mark}.`,
    {
      next: [
        ...(run === undefined ? [] : [`jobctl run show ${run}   # where it was applied`]),
        `rm ${shellWord(mark)}   # only if it is known that nothing was done`,
      ],
    },
  );
