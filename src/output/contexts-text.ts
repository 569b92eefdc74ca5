import { blocks, lines, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';
import { table } from './table.ts';

export interface ContextLine {
  readonly name: string;
  readonly backend: string;
  /** As written in the file: variables by name, so no secret. */
  readonly url: string;
  readonly protected: boolean;
  readonly readOnly: boolean;
  readonly current: boolean;
  readonly origin: string;
}

export interface ContextsView {
  readonly contexts: readonly ContextLine[];
  readonly next: readonly string[];
}

export const contextsText = view(({ contexts, next }: ContextsView, page: Page): string => {
  if (contexts.length === 0) return lines('No contexts are configured.', nextLines(next, page));
  const { text } = table<ContextLine>(
    [
      { head: '', whole: true, cell: (context) => (context.current ? '*' : '') },
      {
        head: 'CONTEXT',
        whole: true,
        cell: ({ name, current }) => (current ? { text: name, look: page.style.strong } : name),
      },
      { head: 'MANNERS', whole: true, cell: (context) => manners(context) },
      { head: 'URL', good: 60, min: 16, cell: (context) => context.url },
      { head: 'FROM', min: 12, drop: 10, cell: (context) => context.origin },
    ],
    contexts,
    page,
  );
  return blocks(
    text,
    lines(
      contexts.some(({ current }) => current) ? page.style.dim('* is used when none is named') : '',
      nextLines(next, page),
    ),
  );
});

const manners = (context: ContextLine): string =>
  [context.protected && 'protected', context.readOnly && 'read-only'].filter(Boolean).join(', ') || '-';
