import { grouped } from '../domain/grouped.ts';
import { plural } from './count-text.ts';
import { blocks, lines } from './facts.ts';
import { type Page, view } from './page.ts';
import { table } from './table.ts';

interface TypeRow {
  readonly type: string;
  readonly jobs: number;
  readonly checked: boolean;
  readonly invalid: number;
}

interface Finding {
  readonly queue: string;
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly faults: readonly string[];
}

export interface PayloadAuditView {
  readonly queues: readonly string[];
  readonly scanned: number;
  readonly complete: boolean;
  readonly types: readonly TypeRow[];
  readonly findings: readonly Finding[];
  readonly invalid: number;
}

/** By type first, then the jobs that do not fit, with the path of what is wrong. Never a value. */
export const payloadAuditText = view((audit: PayloadAuditView, page: Page): string => {
  const { queues, scanned, complete, types, findings, invalid } = audit;
  const names = queues.join(', ');
  if (scanned === 0) return `${names === '' ? 'No queue is there' : names}: no job waits or is dead.`;
  const unchecked = types.filter(({ checked }) => !checked).map(({ type }) => type);
  const head =
    invalid === 0
      ? page.style.good(`${names}: nothing wrong in ${plural(scanned, 'job')}`)
      : page.style.bad(`${names}: ${plural(invalid, 'payload')} of ${grouped(scanned)} that do not fit their type`);
  const rest = invalid - findings.length;
  return blocks(
    head,
    table<TypeRow>(
      [
        { head: 'TYPE', good: 30, min: 8, cell: ({ type }) => type },
        { head: 'JOBS', right: true, whole: true, cell: ({ jobs }) => grouped(jobs) },
        {
          head: 'INVALID',
          right: true,
          whole: true,
          cell: (row) => (row.checked ? grouped(row.invalid) : 'no schema'),
        },
      ],
      types,
      page,
    ).text,
    findings.length === 0
      ? undefined
      : lines(
          table<Finding>(
            [
              { head: 'ID', whole: true, cell: ({ id }) => id },
              { head: 'STATE', whole: true, cell: ({ state }) => state },
              { head: 'TYPE', good: 16, min: 6, drop: 1, cell: ({ type }) => type },
              { head: 'WHAT IS WRONG', good: 30, min: 12, cell: ({ faults }) => faults.join('; ') },
            ],
            findings,
            page,
          ).text,
          rest > 0 ? page.style.dim(`… and ${grouped(rest)} more; --limit shows more of them`) : undefined,
        ),
    lines(
      unchecked.length === 0 ? undefined : `Not checked, without a schema: ${unchecked.join(', ')}`,
      complete ? undefined : `Only the first ${plural(scanned, 'job')} were looked at; --max-scan goes further.`,
    ),
  );
});
