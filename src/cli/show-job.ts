import { JobctlError } from '../domain/errors.ts';
import type { JobDetail, JobState } from '../domain/job.ts';
import { jobText } from '../output/job-text.ts';
import { jobDetailView } from '../output/job-view.ts';
import type { Page } from '../output/page.ts';
import { shellWord } from '../safety/shell-word.ts';
import type { Session } from './session.ts';

/** Lines of a payload that are shown before it is folded. */
const FOLD = 25;

/** One job for a person and for a script. Throws `usage` when there is none of that id, or not in the state that is meant. */
export async function showJob(
  { reader, adapter, redact }: Session,
  id: string,
  asked: { readonly queue?: string | undefined; readonly full: boolean; readonly state?: JobState },
  page: Page,
  following: (next: readonly string[]) => readonly string[],
): Promise<{ text: string; json: unknown }> {
  const detail = await reader.find(id, asked.queue);
  if (detail === undefined) {
    const place = asked.queue === undefined ? reader.backend.where : `the queue ${asked.queue}`;
    throw new JobctlError('usage', `There is no job ${id} in ${place}.`, {
      next: ['jobctl job list   # it may have been removed: jobctl backup list'],
    });
  }
  const { queue, state } = detail.job;
  if (asked.state !== undefined && state !== asked.state) {
    throw new JobctlError('usage', `Job ${id} is ${state}, not ${asked.state}.`, { next: [`jobctl job show ${id}`] });
  }
  const shown = jobDetailView(detail, redact);
  const edit = `jobctl job edit ${shellWord(id)}${asked.queue === undefined ? '' : ` --queue ${shellWord(queue)}`}`;
  const next =
    detail.instead !== undefined
      ? [inItsPlace(detail.instead)]
      : state === 'dead'
        ? [
            ...(adapter.can.replay.level === 'none' ? [] : [`jobctl replay ${shellWord(queue)} --id ${shellWord(id)}`]),
            ...(adapter.can.edit.level === 'none' ? [] : [edit]),
          ]
        : state === 'active' && detail.job.stuck !== undefined && adapter.can.reset.level !== 'none'
          ? [`jobctl reset ${shellWord(queue)} --id ${shellWord(id)}`]
          : [];
  return {
    text: jobText(
      {
        detail: shown,
        now: await reader.now(),
        fold: asked.full ? Number.POSITIVE_INFINITY : FOLD,
        next: following(next),
        order: reader.backend.priority,
      },
      page,
    ),
    json: { schemaVersion: 1, ...shown },
  };
}

/** What to do with the job that has taken over the work of the one that is shown. */
const inItsPlace = ({ by, dead }: NonNullable<JobDetail['instead']>): string =>
  dead
    ? `jobctl replay ${shellWord(by.queue)} --id ${shellWord(by.id)}`
    : `jobctl job show ${shellWord(by.id)} --queue ${shellWord(by.queue)}`;
