import { moment } from '../../output/age.ts';
import { plural } from '../../output/count-text.ts';
import type { JobView } from '../../output/job-view.ts';
import { errorLine, tries } from '../../output/jobs-text.ts';
import { view } from '../../output/page.ts';
import { wrap } from '../../output/text-width.ts';
import { type Look, pageOn } from './look.ts';

interface Preview {
  readonly job: Omit<JobView, 'payload'>;
  readonly payload: string;
  readonly now: string;
}

/** What it died of, then what it carries, folded to the lines that there are. */
export const previewText = (preview: Preview, room: number, look: Look, columns: number): string[] =>
  view(({ job, payload, now }: Preview, page) => {
    const died = job.since === undefined ? '' : `, died ${moment(job.since, now)}`;
    const head = page.style.strong(`${job.id} ${job.type}`);
    const errors = errorLine(job) === '' ? ['no error is stored'] : wrap(errorLine(job), page.width);
    const error = errors.slice(0, Math.max(1, Math.floor((room - 1) / 2))).map((line) => page.style.bad(line));
    const left = room - 1 - error.length;
    const all = payload.split('\n');
    const shown = all.length > left ? all.slice(0, left - 1) : all;
    const rest = all.length - shown.length;
    return [
      `${head} ${page.style.dim(`attempts ${tries(job)}${died}`)}`,
      ...error,
      ...shown,
      ...(rest > 0 ? [page.style.dim(`… ${plural(rest, 'more line')}: Enter shows all`)] : []),
    ].join('\n');
  })(preview, pageOn(look, columns)).split('\n');
