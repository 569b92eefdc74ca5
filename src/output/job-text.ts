import type { BackendInfo } from '../domain/adapter.ts';
import { grouped } from '../domain/grouped.ts';
import type { Instant } from '../domain/instant.ts';
import { clock, moment } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, facts, nextLines } from './facts.ts';
import { type JobDetailView, type JobView, payloadText } from './job-view.ts';
import { errorLine } from './jobs-text.ts';
import { type Page, view } from './page.ts';
import { hang, textWidth } from './text-width.ts';

export interface JobShow {
  readonly detail: JobDetailView;
  readonly now: Instant;
  /** Lines of payload and of stack that are shown before they are folded; Infinity shows all. */
  readonly fold: number;
  readonly next: readonly string[];
  /** Which priority runs first. */
  readonly order?: BackendInfo['priority'] | undefined;
}

/** `job show`: what it is, why it died, what happened to it, what it carries. */
export const jobText = (show: JobShow, page: Page): string =>
  render({ ...show, payload: payloadText(show.detail.job.payload) }, page);

/** On a line of its own where it does not fit behind the title. */
function nativeState({ queue, id, state, native, retrying }: JobShow['detail']['job'], page: Page): string {
  if (native === state) return '';
  const said = `native state ${native}`;
  const title = `${queue} ${id} · ${state}${retrying ? ', will retry by itself' : ''}`;
  return textWidth(`${title} · ${said}`) > page.width ? `\n${page.style.dim(said)}` : page.style.dim(` · ${said}`);
}

const render = view(
  ({ detail, now, fold, next, order, payload }: JobShow & { readonly payload: string }, page: Page): string => {
    const { job, timeline, links, notes } = detail;
    const title = `${page.style.strong(`${job.queue} ${job.id}`)} · ${job.state === 'dead' ? page.style.bad(job.state) : job.state}`;
    const at = (instant: Instant | undefined): string | undefined =>
      instant === undefined ? undefined : moment(instant, now);
    return blocks(
      `${title}${job.retrying ? ', will retry by itself' : ''}${nativeState(job, page)}`,
      facts(
        [
          ['type', job.type],
          ['since', at(job.since)],
          ['created', at(job.createdAt)],
          [
            'attempts',
            job.maxAttempts === undefined
              ? grouped(job.attempts)
              : `${grouped(job.attempts)} of ${grouped(job.maxAttempts)}`,
          ],
          ['stuck', job.stuck],
          ['worker', job.worker],
          ['priority', priorityOf(job.priority, order)],
          ['lane', job.lane],
          ['tenant', job.tenant],
          ['key', job.key],
        ],
        page,
      ),
      job.error &&
        section('error', [hang('  ', errorLine(job), page.width), stackOf(belowHead(job), fold, page)], page),
      timeline.length > 0 ? section('timeline', timelineText(timeline, page), page) : undefined,
      links.length > 0
        ? section(
            'links',
            [
              facts(
                links.map(({ relation, to }) => [relation, to]),
                page,
              ),
            ],
            page,
          )
        : undefined,
      notes.length > 0
        ? section(
            'notes',
            notes.map((note) => hang('  - ', note, page.width)),
            page,
          )
        : undefined,
      section('payload', [folded(payload.split('\n'), fold, page)], page),
      nextLines(next, page),
    );
  },
);

const priorityOf = (priority: number | undefined, order: JobShow['order']): string | undefined => {
  if (priority === undefined || order === undefined || order === 'none') return priority?.toString();
  return `${priority} (${order.replace('-', ' ')})`;
};

const section = (name: string, parts: readonly string[], page: Page): string =>
  [page.style.strong(name), ...parts.filter(Boolean)].join('\n');

const indented = (text: string): string => text.replace(/^(?=.)/gm, '  ');

function folded(all: readonly string[], fold: number, page: Page): string {
  const rest = all.length - fold;
  // A fold of one line would save nothing: its note takes a line too.
  if (rest <= 1) return indented(all.join('\n'));
  return `${indented(all.slice(0, fold).join('\n'))}\n${page.style.dim(`  … ${plural(rest, 'more line')}; --full shows all`)}`;
}

/** The stack without the line that stands above it already. */
function belowHead(job: JobView): string | undefined {
  const stack = job.error?.stack;
  const head = errorLine(job);
  return head !== '' && stack?.startsWith(`${head}\n`) ? stack.slice(head.length + 1) : stack;
}

/** Python puts the frame that matters last, the others put it first. */
function stackOf(stack: string | undefined, fold: number, page: Page): string {
  if (stack === undefined || stack.trim() === '') return '';
  const all = stack.trimEnd().split('\n');
  const rest = all.length - fold;
  if (rest > 1 && /^Traceback \(most recent call last\)/m.test(stack)) {
    return `${page.style.dim(`  … ${plural(rest, 'earlier line')}; --full shows all`)}\n${indented(all.slice(rest).join('\n'))}`;
  }
  return folded(all, fold, page);
}

/** What was noted is shown whole: it may be the only trace of an earlier error. */
function timelineText(timeline: JobDetailView['timeline'], page: Page): string[] {
  const width = Math.max(...timeline.map(({ event }) => event.length));
  const blank = ' '.repeat(20);
  return timeline.map(({ at, event, note = '' }) =>
    hang(`  ${at === undefined ? blank : clock(at)}  ${event.padEnd(width)}  `, note, page.width),
  );
}
