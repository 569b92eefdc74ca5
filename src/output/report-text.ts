import { grouped } from '../domain/grouped.ts';
import type { Report } from '../domain/plan.ts';
import { approximately, plural } from './count-text.ts';
import { emptiedText } from './emptied-text.ts';
import { blocks, facts, lines, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';

/** What became of a run, whether anything is left to do, and the commands for that. */
export const reportText = view((report: Report, page: Page): string => {
  const { skipped, outcomes } = report;
  return blocks(
    lines(headline(report, page), report.dryRun ? undefined : tally(report, page)),
    facts(
      [
        ['stopped', report.stopped],
        [
          'left',
          report.more > 0
            ? `${report.exact === false ? '~' : ''}${plural(report.more, 'more job')} matched beyond the limit of ${grouped(report.limit ?? report.matched)}`
            : undefined,
        ],
        [
          'unknown',
          outcomes.unknown > 0 && report.verb === 'enqueue'
            ? 'the answer never came: look for them in the queue before you add them again'
            : outcomes.unknown > 0
              ? 'the answer to the last write never came: it may or may not have happened; `run resume` asks the backend'
              : undefined,
        ],
        // those of a dry run stand in its plan
        ['warning', report.dryRun ? undefined : report.warnings?.join('; ')],
        ['added', addedText(report.made)],
        ['run', report.run],
        ['backup', report.backup],
        ['plan', report.planFile],
      ],
      page,
    ),
    undone(report, page),
    jobLines('skipped', skipped, outcomes.skipped, page),
    nextLines(report.next, page),
  );
});

function headline(report: Report, page: Page): string {
  const { verb, queue, queues, dryRun, matched, complete, stopped, outcomes } = report;
  const names = queue ?? queues.join(', ');
  const subject = `${verb.replace('-', ' ')} ${names.length > 40 ? plural(queues.length, 'queue') : names}`.trim();
  const unit = verb === 'pause' || verb === 'resume' ? 'queue' : 'job';
  if (dryRun && unit === 'queue')
    return page.style.strong(`${subject}: dry run, nothing was changed; ${plural(matched, 'queue')} would change`);
  const isSchedule = verb.startsWith('schedule-') || verb === 'scale';
  if (dryRun && isSchedule) return page.style.strong(`${subject}: dry run, nothing was changed`);
  if (matched === 0 && (unit === 'queue' || isSchedule))
    return page.style.strong(`${subject}: it is so already, nothing was changed`);
  const found = `${report.exact === false ? '~' : ''}${plural(matched, 'job')}`;
  if (dryRun) return page.style.strong(`${subject}: dry run, nothing was changed; ${found} matched`);
  if (matched === 0) return page.style.strong(`${subject}: no job matched, nothing was changed`);
  if (complete) return page.style.good(`${subject}: finished`);
  if (stopped !== undefined || outcomes.unknown > 0 || notReached(report) > 0)
    return page.style.bad(`${subject}: NOT finished`);
  if (isSchedule) return page.style.bad(`${subject}: NOT done`);
  return page.style.bad(`${subject}: finished, but not every job could be dealt with`);
}

/** Planned and never come to. What was matched may be an estimate, so a run that went to its end has none. */
function notReached({ outcomes, matched, exact, complete, stopped, limit }: Report): number {
  const dealt = outcomes.done + outcomes.skipped + outcomes.failed + outcomes.unknown;
  return complete || (exact === false && stopped === undefined)
    ? 0
    : Math.max(0, Math.min(matched, limit ?? matched) - dealt);
}

function tally(report: Report, page: Page): string {
  const { outcomes, matched } = report;
  if (matched === 0) return '';
  const counts = (['done', 'skipped', 'failed', 'unknown'] as const)
    .filter((result) => result === 'done' || outcomes[result] > 0)
    .map((result) => `${grouped(outcomes[result])} ${result}`);
  const open = notReached(report);
  const reached = `${counts.join(', ')}${open > 0 ? `, ${approximately(open, report.exact !== false)} not reached` : ''}`;
  return page.style.strong(emptiedText(report, reached));
}

/** Failed and unknown jobs stand in one list; a job whose answer was lost must not be called failed. */
function undone({ failed: jobs, outcomes: { failed, unknown } }: Report, page: Page): string {
  if (jobs.length <= failed) return jobLines('failed', jobs, failed, page);
  return jobLines(failed === 0 ? 'unknown' : 'failed or unknown', jobs, failed + unknown, page);
}

const shown = 10;

function addedText(ids: readonly string[] = []): string | undefined {
  if (ids.length === 0) return undefined;
  const more = ids.length > shown ? ` and ${grouped(ids.length - shown)} more` : '';
  return `${ids.slice(0, shown).join(', ')}${more}`;
}

/** Jobs by why, since a hundred of them mostly share one reason. */
function jobLines(result: string, jobs: Report['skipped'], total: number, page: Page): string {
  const byWhy = Map.groupBy(jobs, (job) => job.why);
  const list = [...byWhy].map(([why, same]): [string, string] => {
    const ids = same
      .slice(0, shown)
      .map((job) => job.id)
      .join(', ');
    return [result, `${why}: ${ids}${same.length > shown ? ` and ${grouped(same.length - shown)} more` : ''}`];
  });
  const unlisted = total - jobs.length;
  return facts(
    unlisted > 0 && jobs.length > 0 ? [...list, [result, `${grouped(unlisted)} more; \`run show\` lists all`]] : list,
    page,
  );
}
