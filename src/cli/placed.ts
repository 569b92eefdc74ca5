import { shellWord } from '../safety/shell-word.ts';

/** Commands that are about a backend, and so about the place that this one was told. */
const about =
  /^jobctl (?:stats|top|drain|pause|resume|undo|restore|replay|retry|reset|remove|purge|enqueue|smoke|loadtest|capabilities|(?:job|dlq|schedule|worker|schema|scale) [a-z]+|run resume)\b/;

/** The steps that are to follow, told the same place: copied as they stand, they must not meet another backend. */
export function placed(next: readonly string[], argv: readonly string[]): string[] {
  const place = placeOf(argv);
  if (place === undefined) return [...next];
  return next.map((step) => {
    const [, command = '', rest = ''] = /^(.*?)(\s+#.*)?$/s.exec(step) ?? [];
    return about.test(command) && !/ (-c|--context|--url)\b/.test(command) ? `${command} ${place}${rest}` : step;
  });
}

function placeOf(argv: readonly string[]): string | undefined {
  const end = argv.indexOf('--');
  for (const [index, word] of argv.slice(0, end === -1 ? undefined : end).entries()) {
    const [, flag, joined] = /^(-c|--context|--url)(?:=(.*))?$/s.exec(word) ?? /^(-c)(.+)$/s.exec(word) ?? [];
    const value = joined ?? argv[index + 1];
    if (flag !== undefined && value !== undefined) return `${flag === '--url' ? '--url' : '-c'} ${shellWord(value)}`;
  }
  return undefined;
}
