import type { LogLine } from '../domain/log.ts';
import { clock } from './age.ts';
import { plural } from './count-text.ts';
import { blocks, lines } from './facts.ts';
import { type Page, view } from './page.ts';
import { hang } from './text-width.ts';

export interface LogsView {
  readonly queue: string;
  /** Secrets taken out. */
  readonly lines: readonly LogLine[];
  readonly more: boolean;
  readonly sources: readonly string[];
  readonly notes: readonly string[];
}

/** `logs`: in the order of time, each line as it was written; whose it is stands before it where there are several. */
export const logsText = view(({ queue, lines: found, more, sources, notes }: LogsView, page: Page): string => {
  const rest = more ? ' There are more: raise --limit, or narrow by --id or --since.' : '';
  const names = sources.length > 1;
  const body = found.map(({ at, source, text }) => {
    const lead = `${clock(at)} ${names ? `${source} ` : ''}`;
    return page.style.dim(lead) + text.replace(/\n/g, '\n    ');
  });
  return blocks(
    body.join('\n'),
    lines(
      hang('', `${plural(found.length, 'line')} of ${sources.join(', ')}, consuming ${queue}.${rest}`, page.width),
      ...notes.map((note) => hang('', note, page.width)),
    ),
  );
});
