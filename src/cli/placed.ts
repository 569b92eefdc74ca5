import { commandAt } from '../operations/order.ts';

/** Commands that are about a backend, and so about the place that this one was told. */
const about =
  /^jobctl (?:stats|top|drain|pause|resume|undo|restore|replay|retry|reset|remove|purge|enqueue|smoke|loadtest|capabilities|doctor|logs|(?:job|dlq|schedule|worker|schema|scale) [a-z]+|run resume)\b/;

/** Those about what is kept on this machine: only a configuration keeps it elsewhere. */
const aboutRuns = /^jobctl (?:(?:backup|run|plan) [a-z]+|apply)\b/;

/** Besides the context, what tells where a backend is. */
export const whereFlags = ['url', 'schema', 'dialect', 'region', 'profile', 'endpoint-url', 'config'] as const;

const whereFlag = new RegExp(`^(-c|--(?:context|${whereFlags.join('|')}))(?:=(.*))?$`, 's');

/** The steps that are to follow, told the same place: copied as they stand, they must not meet another backend. */
export function placed(next: readonly string[], argv: readonly string[]): string[] {
  const place = placeOf(argv);
  const config = place.get('--config');
  return next.map((step) => {
    if (about.test(step)) return / (-c|--context|--url)\b/.test(step) ? step : commandAt(step, [...place].flat());
    if (config === undefined || !aboutRuns.test(step) || / --config\b/.test(step)) return step;
    return commandAt(step, ['--config', config]);
  });
}

/** The flags that say where the backend is, as they were typed; of one that was typed twice the last counts. */
function placeOf(argv: readonly string[]): ReadonlyMap<string, string> {
  const end = argv.indexOf('--');
  const place = new Map<string, string>();
  for (const [index, word] of argv.slice(0, end === -1 ? undefined : end).entries()) {
    const [, flag, joined] = whereFlag.exec(word) ?? /^(-c)(.+)$/s.exec(word) ?? [];
    const value = joined ?? argv[index + 1];
    if (flag !== undefined && value !== undefined) place.set(flag === '--context' ? '-c' : flag, value);
  }
  return place;
}
