import { needsAction, type SchemaCheck, type SchemaFinding, type SchemaPlan } from '../domain/schema.ts';
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

export interface SchemaPlanView extends SchemaPlan {
  readonly dryRun: boolean;
}

export const schemaPlanText = view((plan: SchemaPlanView, page: Page): string => {
  const { context, where, source, library, dryRun } = plan;
  const upgrades = library?.from !== undefined;
  return blocks(
    page.style.bad(
      upgrades
        ? `Migrate the tables of ${library.dialect} in schema ${library.schema}: ${library.from} to ${library.to ?? 'its newest version'}`
        : `Create the queue's tables in an empty place`,
    ),
    facts(
      [
        ['context', `${context} (asks for this name)`],
        ['backend', where],
        ['script', `${source}, ${stepsText(plan)}`],
      ],
      page,
    ),
    upgrades
      ? lines(
          ...[
            'There is no way back but a dump: pg_dump first.',
            'Instances of an older version may fail from then on: stop them, or replace them at once.',
          ].map((text) => page.style.warn(hang('', text, page.width))),
        )
      : undefined,
    dryRun ? page.style.strong('dry run: nothing was changed') : undefined,
  );
});

function stepsText({ statements, outside, library }: SchemaPlan): string {
  if (outside === undefined)
    return library?.to === undefined
      ? 'in its own transactions'
      : `${plural(statements, 'migration')}, a transaction each`;
  const inside = `${plural(statements - outside, 'statement')}, in one transaction`;
  return outside === 0 ? inside : `${inside}, then ${plural(outside, 'statement')} without one`;
}

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
