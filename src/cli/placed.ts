import { commandAt } from '../operations/order.ts';

/** Commands that are about a backend, and so about the place that this one was told. */
const about =
  /^jobctl (?:stats|top|drain|pause|resume|undo|restore|replay|retry|reset|remove|purge|enqueue|smoke|loadtest|capabilities|doctor|logs|(?:job|dlq|schedule|worker|schema|scale) [a-z]+|run resume)\b/;

/** The steps that are to follow, told the same place: copied as they stand, they must not meet another backend. */
export function placed(next: readonly string[], argv: readonly string[]): string[] {
  const place = placeOf(argv);
  if (place === undefined) return [...next];
  return next.map((step) =>
    about.test(step) && !/ (-c|--context|--url)\b/.test(step) ? commandAt(step, place) : step,
  );
}

function placeOf(argv: readonly string[]): readonly string[] | undefined {
  const end = argv.indexOf('--');
  for (const [index, word] of argv.slice(0, end === -1 ? undefined : end).entries()) {
    const [, flag, joined] = /^(-c|--context|--url)(?:=(.*))?$/s.exec(word) ?? /^(-c)(.+)$/s.exec(word) ?? [];
    const value = joined ?? argv[index + 1];
    if (flag !== undefined && value !== undefined) return [flag === '--url' ? '--url' : '-c', value];
  }
  return undefined;
}
