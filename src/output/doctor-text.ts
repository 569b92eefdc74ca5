import type { DoctorFinding } from '../domain/doctor.ts';
import { plural } from './count-text.ts';
import { blocks, lines } from './facts.ts';
import { type Page, view } from './page.ts';
import { hang } from './text-width.ts';

export interface DoctorView {
  readonly context: string;
  readonly backend: string;
  readonly where: string;
  /** What was looked at. */
  readonly checked: readonly string[];
  readonly findings: readonly DoctorFinding[];
}

const marks = { problem: 'PROBLEM', warning: 'warning' } as const;
const WIDTH = 9;

/** `doctor`: a block a finding, the problems first. */
export const doctorText = view(({ context, backend, where, checked, findings }: DoctorView, page: Page): string => {
  const { style } = page;
  const problems = findings.filter(({ severity }) => severity === 'problem').length;
  return blocks(
    hang(
      '',
      `${style.strong(backend)} ${style.dim(where.startsWith(context) ? where : `${context}, ${where}`)}`,
      page.width,
    ),
    ...findings.map((one) => block(one, page)),
    lines(
      findings.length === 0
        ? style.good('Nothing was found.')
        : `${plural(findings.length, 'finding')}, ${plural(problems, 'problem')} among them.`,
      style.dim(hang('', `Looked at: ${checked.join('; ')}.`, page.width)),
    ),
  );
});

function block({ id, severity, queue, what, why, next }: DoctorFinding, page: Page): string {
  const { style } = page;
  const mark = marks[severity];
  const lead = mark.padEnd(WIDTH);
  const indent = ' '.repeat(WIDTH);
  const head = hang(lead, `${queue === undefined ? '' : `${queue}: `}${what} (${id})`, page.width).slice(mark.length);
  return lines(
    (severity === 'problem' ? style.bad(mark) : style.warn(mark)) + head,
    why === undefined ? undefined : indent + hang(indent, why, page.width).slice(WIDTH),
    ...next.map((step) => nextText(indent, step, page)),
  );
}

/** A command stays whole, so that it can be copied. */
function nextText(indent: string, step: string, page: Page): string {
  const lead = `${indent}next: `;
  const text = /^(jobctl|aws|CREATE|ALTER|REINDEX|GRANT|SELECT) /.test(step)
    ? step
    : hang(lead, step, page.width).slice(lead.length);
  return `${indent}${page.style.dim('next:')} ${text}`;
}
