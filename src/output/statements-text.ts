import type { Statement } from '../domain/adapter.ts';
import { blocks } from './facts.ts';
import { type Page, view } from './page.ts';
import { cutTo } from './text-width.ts';

/** `config check --explain`: the SQL of each operation, as it can be read and copied; each statement in full once. */
export const statementsText = view(
  ({ statements }: { readonly statements: readonly Statement[] }, page: Page): string => {
    const first = new Map<string, string>();
    for (const { operation, sql } of statements) if (!first.has(sql)) first.set(sql, operation);
    const text = ({ operation, sql }: Statement): string => {
      const before = first.get(sql);
      return before === operation
        ? `${wrapped(sql, page.width - 1)};`
        : cutTo(`-- as under "${before}": ${sql}`, page.width);
    };
    return blocks(
      ...[...Map.groupBy(statements, ({ operation }) => operation)].map(([operation, own]) =>
        [page.style.strong(`-- ${operation}`), ...own.map(text)].join('\n'),
      ),
    );
  },
);

/** Texts and names in quotes are never broken: the statement stays the same. */
const WORD = /(?:'(?:[^']|'')*'|"(?:[^"]|"")*"|[^\s'"])+/g;
const CLAUSE = /^\(?(?:SELECT|FROM|WHERE|ORDER|GROUP|SET|UNION|RETURNING|INSERT|UPDATE|DELETE|LEFT)$/;

function wrapped(sql: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of sql.match(WORD) ?? []) {
    const fits = line.length + 1 + word.length <= width;
    if (line !== '' && (!fits || (CLAUSE.test(word) && line.length > width / 2))) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
