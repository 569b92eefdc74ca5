import { needsAction, type SchemaCheck, type SchemaFinding } from '../domain/schema.ts';
import { plural } from './count-text.ts';
import { blocks, facts, lines } from './facts.ts';
import { type Page, view } from './page.ts';
import { hang } from './text-width.ts';

export interface SchemaCheckView extends SchemaCheck {
  readonly context: string;
}

const marks = { ok: 'ok', hint: 'hint', warning: 'warning', problem: 'PROBLEM' } as const;

export const schemaCheckText = view((check: SchemaCheckView, page: Page): string => {
  const { style } = page;
  const look = { ok: style.good, hint: style.dim, warning: style.warn, problem: style.bad };
  const width = Math.max(...Object.values(marks).map(({ length }) => length));
  const finding = ({ level, text, next }: SchemaFinding): string => {
    const lead = `${marks[level].padEnd(width)}  `;
    const body = hang(lead, text, page.width).slice(marks[level].length);
    return lines(look[level](marks[level]) + body, next && nextText(' '.repeat(width + 2), next, page));
  };
  return blocks(
    `${style.strong(check.backend)} ${check.version} ${style.dim(`at ${check.where}`)}`,
    check.findings.map(finding).join('\n'),
    needsAction(check) ? undefined : style.good('Nothing needs to be done.'),
  );
});

/** A statement or a command stays whole, so that it can be copied. */
function nextText(indent: string, next: string, page: Page): string {
  const whole = /^(jobctl|CREATE|ALTER|REINDEX|GRANT) /.test(next);
  const text = whole ? next : hang(`${indent}next: `, next, page.width).slice(indent.length + 6);
  return `${indent}${page.style.dim('next:')} ${text}`;
}

export interface SchemaPlanView {
  readonly context: string;
  readonly where: string;
  readonly source: string;
  readonly statements: number;
  readonly dryRun: boolean;
}

export const schemaPlanText = view(
  ({ context, where, source, statements, dryRun }: SchemaPlanView, page: Page): string =>
    blocks(
      page.style.bad(`Create the queue's tables in an empty place`),
      facts(
        [
          ['context', `${context} (asks for this name)`],
          ['backend', where],
          ['script', `${source}, ${plural(statements, 'statement')}, in one transaction`],
        ],
        page,
      ),
      dryRun ? page.style.strong('dry run: nothing was changed') : undefined,
    ),
);

export interface SchemaReportView {
  readonly backend: string;
  readonly version?: string | undefined;
  readonly where: string;
  readonly dryRun: boolean;
}

export const schemaReportText = view(({ backend, version, where, dryRun }: SchemaReportView, page: Page): string =>
  dryRun
    ? page.style.strong('schema apply: dry run, nothing was changed')
    : lines(
        page.style.good('schema apply: finished'),
        facts([['tables', `${backend} ${version ?? ''} at ${where}`]], page),
      ),
);
