import type { SchemaFinding } from '../../../domain/schema.ts';
import { isAmong, type Layout, UNAVAILABLE, WAITING } from './layout.ts';

/** What there is on the jobs. */
interface Indexes {
  /** An index that finds the dead, under whatever name. */
  readonly deadIndex: boolean;
  readonly definitions: readonly string[];
}

/** What the library's own indexes do not tell. The first is enough for lists, both together for stats. */
export function worthHaving(
  { jobs }: Layout,
  { deadIndex, definitions: there }: Indexes,
  cost: string,
): SchemaFinding[] {
  const lists = deadIndex ? '' : ', and where dead jobs are few, dlq list does';
  const hint = (text: string, name: string, on: string): SchemaFinding => ({
    level: 'hint',
    text: `${text} ${cost}`,
    next: `CREATE INDEX CONCURRENTLY ${name} ON ${jobs} ${on};`,
  });
  return [
    ...(isAmong(there, UNAVAILABLE)
      ? []
      : [
          hint(
            `No index holds the locked and the dead: stats reads the whole table${lists}.`,
            'jobs_unavailable_index',
            UNAVAILABLE,
          ),
        ]),
    ...(isAmong(there, WAITING)
      ? []
      : [hint('No index finds what waits by its task: stats reads the whole table.', 'jobs_task_index', WAITING)]),
  ];
}
