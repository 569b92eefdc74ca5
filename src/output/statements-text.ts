import type { Statement } from '../domain/adapter.ts';
import { blocks } from './facts.ts';
import { type Page, view } from './page.ts';

/** `config check --explain`: the SQL of each operation, as it can be read and copied. */
export const statementsText = view(
  ({ statements }: { readonly statements: readonly Statement[] }, page: Page): string => {
    const operations = [...new Set(statements.map(({ operation }) => operation))];
    return blocks(
      ...operations.map((operation) => {
        const own = statements.filter((one) => one.operation === operation);
        return [page.style.strong(`-- ${operation}`), ...own.map(({ sql }) => `${wrapped(sql, page.width - 1)};`)].join(
          '\n',
        );
      }),
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
