import { commandAt } from '../operations/order.ts';

/** Commands that are about a backend, and so about the place that this one was told. */
const about =
  /^jobctl (?:stats|top|drain|pause|resume|undo|restore|replay|retry|reset|remove|purge|enqueue|smoke|loadtest|capabilities|doctor|logs|(?:job|dlq|schedule|worker|schema|scale) [a-z]+|run resume)\b/;

/** Those about what is kept on this machine: only a configuration keeps it elsewhere. */
const aboutRuns = /^jobctl (?:(?:backup|run|plan) [a-z]+|apply)\b/;

/** What was said once for tables that are newer than known holds for what writes to them next: these take it, too. */
const WRITE_ANYWAY = '--newer-schema';
export const writes =
  /^jobctl (?:apply|dlq (?:purge|replay|resolve)|drain|enqueue|job (?:cancel|edit|remove)|loadtest|pause|purge|remove|replay|reset|restore|resume|retry|run resume|scale set|schedule (?:pause|remove|resume|run)|smoke|undo)\b/;

/** Besides the context, what tells where a backend is. */
export const whereFlags = ['url', 'schema', 'dialect', 'region', 'profile', 'endpoint-url', 'config'] as const;

const whereFlag = new RegExp(`^(-c|--(?:context|${whereFlags.join('|')}))(?:=(.*))?$`, 's');

/** The steps that are to follow, told the same place: copied as they stand, they must not meet another backend, or be refused by this one. */
export function placed(next: readonly string[], argv: readonly string[]): string[] {
  const words = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined);
  const place = placeOf(words);
  const anyway = words.includes(WRITE_ANYWAY) ? [WRITE_ANYWAY] : [];
  return next.map((step) => {
    const insists = writes.test(step) && !step.includes(WRITE_ANYWAY) ? anyway : [];
    return commandAt(step, [...placeFor(step, place), ...insists]);
  });
}

function placeFor(step: string, place: ReadonlyMap<string, string>): string[] {
  if (about.test(step)) return / (-c|--context|--url)\b/.test(step) ? [] : [...place].flat();
  const config = place.get('--config');
  return config === undefined || !aboutRuns.test(step) || / --config\b/.test(step) ? [] : ['--config', config];
}

/** The flags that say where the backend is, as they were typed; of one that was typed twice the last counts. */
function placeOf(words: readonly string[]): ReadonlyMap<string, string> {
  const place = new Map<string, string>();
  for (const [index, word] of words.entries()) {
    const [, flag, joined] = whereFlag.exec(word) ?? /^(-c)(.+)$/s.exec(word) ?? [];
    const value = joined ?? words[index + 1];
    if (flag !== undefined && value !== undefined) place.set(flag === '--context' ? '-c' : flag, value);
  }
  return place;
}
