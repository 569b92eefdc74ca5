import type { Count } from '../domain/adapter.ts';
import { grouped } from '../domain/grouped.ts';
import type { Instant } from '../domain/instant.ts';
import { relative } from './age.ts';
import { approximately, plural } from './count-text.ts';
import { blocks, lines, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';
import { hang } from './text-width.ts';

export interface GroupRow {
  readonly group: string;
  readonly signature: string;
  readonly count: number;
  readonly types: readonly string[];
  readonly firstSeen?: Instant | undefined;
  readonly lastSeen?: Instant | undefined;
  readonly sampleIds: readonly string[];
}

export interface GroupsView {
  readonly queue: string;
  readonly by: 'error' | 'type' | 'tenant' | 'lane';
  readonly scanned: number;
  /** False when not all dead jobs were looked at. */
  readonly complete: boolean;
  /** Then: how many there are in all, where that is known. */
  readonly outOf?: Count | undefined;
  /** How many of them are there twice, as the job that died and as its copy in a dead-letter queue; not exact: at most. */
  readonly copies?: Count | undefined;
  /** Jobs that fell into no listed group because there were too many groups. */
  readonly others: number;
  readonly groups: readonly GroupRow[];
  readonly now: Instant;
  readonly next: readonly string[];
}

/** Two lines a group: how many and since when, then what they have in common, whole enough to be recognised. */
export const groupsText = view(
  ({ queue, by, scanned, complete, outOf, copies, others, groups, now, next }: GroupsView, page: Page): string => {
    if (groups.length === 0) return lines(`No dead jobs in ${queue}.`, nextLines(next, page));
    const width = Math.max(...groups.map((group) => grouped(group.count).length));
    return blocks(
      lines(
        `${page.style.strong(queue)}: ${plural(copies?.exact === true ? scanned - copies.value : scanned, 'dead job')} in ${plural(groups.length, 'group')} by ${by}`,
        complete ? '' : page.style.warn(partText(scanned, outOf)),
        copies === undefined ? '' : hang('', copiesText(copies), page.width),
      ),
      groups.map((group) => groupLines(group, by, scanned, now, width, page)).join('\n\n'),
      others > 0
        ? hang(
            '',
            `${plural(others, 'more job')} in further groups that are not listed: there are too many different ones.`,
            page.width,
          )
        : undefined,
      nextLines(next, page),
    );
  },
);

/** A part is not always the newest: where a look receives, it is what was given out. */
function partText(scanned: number, outOf: Count | undefined): string {
  if (outOf === undefined || outOf.value <= scanned) return 'Not all dead jobs were looked at: the counts are too low.';
  return `A sample, ${grouped(scanned)} of ${approximately(outOf.value, outOf.exact)}: the counts are too low.`;
}

const copiesText = ({ value, exact }: Count): string =>
  `${exact ? '' : 'Up to '}${plural(value, 'job')} of the groups ${value === 1 ? 'is a copy of another' : 'are copies of others'}, in a dead-letter queue: counted once above, and in each group as often as ${value === 1 ? 'it lies' : 'they lie'} there.`;

const maxLines = 4;

function groupLines(
  group: GroupRow,
  by: GroupsView['by'],
  scanned: number,
  now: Instant,
  width: number,
  page: Page,
): string {
  const percent = (group.count / scanned) * 100;
  const share = ` (${percent < 1 ? '<1' : Math.round(percent)}%)`;
  const seen =
    group.lastSeen === undefined
      ? ''
      : `  last ${relative(group.lastSeen, now)}${group.firstSeen === undefined ? '' : `, first ${relative(group.firstSeen, now)}`}`;
  const indent = ' '.repeat(width + 2);
  const text =
    by === 'error'
      ? hang(indent, group.signature, page.width).split('\n')
      : [`${indent}types ${group.types.join(', ')}`];
  const shown = text.length > maxLines ? [...text.slice(0, maxLines - 1), `${text[maxLines - 1]}…`] : text;
  return lines(
    `${page.style.bad(grouped(group.count).padStart(width))}  ${page.style.strong(group.group)}${share}${page.style.dim(seen)}`,
    ...shown,
    page.style.dim(`${indent}such as ${fewIds(group.sampleIds, page.width - indent.length - 'such as '.length)}`),
  );
}

/** Up to three, as far as they fit; one in any case. */
function fewIds(ids: readonly string[], width: number): string {
  const fitting = [3, 2].map((n) => ids.slice(0, n).join(', ')).find((text) => text.length <= width);
  return fitting ?? ids[0] ?? '';
}
