import { grouped } from '../domain/grouped.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { clock } from './age.ts';
import { plural } from './count-text.ts';
import { emptiedText } from './emptied-text.ts';

/** What a channel is told of a run. Counts and names, never a job: no payload, no error text, which may quote one. */
export type Notice =
  | { readonly event: 'start'; readonly plan: Plan; readonly run: string }
  | { readonly event: 'end' | 'failure' | 'pause' | 'resume'; readonly plan: Plan; readonly ended: Report | Error };

export const noticeEvents = ['start', 'end', 'failure', 'pause', 'resume'] as const;
export type NoticeEvent = (typeof noticeEvents)[number];

/** What the end of a run is called. A pause or a resume that went well is told as that. */
export function eventOf({ task }: Plan, ended: Report | Error): Exclude<NoticeEvent, 'start'> {
  if (ended instanceof Error || !ended.complete) return 'failure';
  if (task.kind !== 'switch') return 'end';
  return task.to === 'paused' ? 'pause' : 'resume';
}

const SHOWN = 5;
const REASON = 200;

/** One message, as Slack reads it: its three signs are escaped, so that no name can mention a whole channel. */
export function noticeText(notice: Notice, by: string): string {
  const { plan } = notice;
  const more = plan.queues.length - SHOWN;
  const queues = [...plan.queues.slice(0, SHOWN), ...(more > 0 ? [`${more} more`] : [])].join(', ');
  const head = `jobctl ${plan.verb.replace('-', ' ')} ${queues} in ${plan.context}`;
  const reason = plan.reason === undefined ? [] : [`reason: ${oneLine(plan.reason).slice(0, REASON)}`];
  const lines =
    notice.event === 'start'
      ? [`${head}: started, ${expected(plan)}`, `run ${notice.run} by ${by}`, ...reason]
      : [`${head}: ${endOf(plan, notice.event, notice.ended)}`, `${runOf(notice.ended)}by ${by}`, ...reason];
  return lines.map(oneLine).join('\n').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function expected({ matched, limit, task }: Plan): string {
  const most = Math.min(matched.value, limit ?? matched.value);
  const what = task.kind === 'switch' ? 'queue' : task.kind === 'schedule' ? 'schedule' : 'job';
  return `${matched.exact ? '' : 'about '}${plural(most, what)}`;
}

function endOf({ task }: Plan, event: Exclude<NoticeEvent, 'start'>, ended: Report | Error): string {
  const until = task.kind === 'switch' && task.until !== undefined ? `, until ${clock(task.until)}` : '';
  if (event === 'pause') return `paused${until}`;
  if (event === 'resume') return 'resumed';
  if (ended instanceof Error) return `FAILED (${kindOf(ended)}), nothing was done`;
  const counts = Object.entries(ended.outcomes)
    .filter(([name, count]) => count > 0 || name === 'done')
    .map(([name, count]) => `${grouped(count)} ${name}`)
    .join(', ');
  return `${event === 'end' ? 'finished' : 'NOT finished'}, ${emptiedText(ended, counts)}`;
}

const kindOf = (error: Error): string => ('kind' in error && typeof error.kind === 'string' ? error.kind : 'error');

const runOf = (ended: Report | Error): string =>
  ended instanceof Error || ended.run === undefined ? '' : `run ${ended.run} `;

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to keep out
const oneLine = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
