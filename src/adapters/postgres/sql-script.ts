/** A statement of a script, and the line of the script where it begins. */
export interface Statement {
  readonly text: string;
  readonly line: number;
}

/** What may hold a semicolon that ends nothing, and the words that open and close a body without quotes. */
const token =
  /--[^\n]*|\/\*|\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[eE]'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|;|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/g;

/** The statements of a script as Postgres would part them: quotes, dollar quotes, comments and BEGIN ATOMIC bodies stay whole. */
export function statementsOf(script: string): Statement[] {
  const found: Statement[] = [];
  let start = 0;
  let hasWords = false;
  let body = 0;
  let before = '';
  const end = (at: number): void => {
    const text = script.slice(start, at);
    if (hasWords)
      found.push({ text: text.trim(), line: lineAt(script, start + text.length - text.trimStart().length) });
    start = at + 1;
    hasWords = false;
    body = 0;
  };
  token.lastIndex = 0;
  for (let match = token.exec(script); match !== null; match = token.exec(script)) {
    const [text] = match;
    if (text === '/*') token.lastIndex = endOfComment(script, token.lastIndex);
    else if (text.startsWith('--')) continue;
    else if (text === ';') {
      if (body === 0) end(match.index);
    } else {
      hasWords = true;
      if (/^\$.*\$$/.test(text)) {
        const close = script.indexOf(text, token.lastIndex);
        token.lastIndex = close === -1 ? script.length : close + text.length;
      }
      const word = text.toUpperCase();
      if (word === 'ATOMIC' && before === 'BEGIN') body = 1;
      else if (body > 0 && word === 'CASE') body += 1;
      else if (body > 0 && word === 'END') body -= 1;
      before = word;
    }
  }
  end(script.length);
  return found;
}

/** Comments nest. */
function endOfComment(script: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 1;
  for (let match = mark.exec(script); match !== null; match = mark.exec(script)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return script.length;
}

/** Of a text, the line on which the character at this position stands. */
export const lineAt = (text: string, position: number): number => text.slice(0, position).split('\n').length;

/** Statements that begin or end a transaction, and those that Postgres refuses within one. */
export const breaksTransaction = ({ text }: Statement): boolean =>
  /^(BEGIN|START\s+TRANSACTION|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE\s+TRANSACTION|VACUUM|(CREATE|DROP)\s+DATABASE|ALTER\s+SYSTEM)\b/i.test(
    bare(text),
  ) || /^(CREATE\s+(UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX\s+\w+)\s+CONCURRENTLY\b/i.test(bare(text));

/** Without the comments in front. */
export const bare = (text: string): string => text.replace(/^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '');
