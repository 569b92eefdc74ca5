import { grouped } from '../../../domain/grouped.ts';
import type { TimelineEntry } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { instant, quoted } from '../sql.ts';
import type { Layout } from './layout.ts';
import type { Place } from './rows.ts';

/** The last schema number that has one: since 11 what is over stays among the jobs. */
const LAST_WITH_ARCHIVE = 24;

const named = (schema: string): string => `${quoted(schema)}.archive`;

/** What lies there is out of reach of the library itself, so it is told of and left alone. */
export function archiveWarning({ number, archived: rows }: Layout): string[] {
  if (number > LAST_WITH_ARCHIVE || rows === null || rows === 0) return [];
  const amount = rows < 0 ? 'Older jobs' : `About ${grouped(rows)} older jobs`;
  return [
    `${amount} lie in the library's archive: they are neither counted nor listed nor changed. jobctl job show ID finds them.`,
  ];
}

interface Archived {
  readonly place: Place;
  /** The layout with the archive in place of the jobs: its columns are the same. */
  readonly layout: Layout;
  readonly entry: TimelineEntry;
  readonly note: string;
}

/** A job that was moved there. In 10 no index finds it by its id alone, so it is looked for last. */
export async function findArchived(
  db: Db,
  layout: Layout,
  id: string,
  queue: string | undefined,
): Promise<Archived | undefined> {
  if (layout.number > LAST_WITH_ARCHIVE) return undefined;
  const table = named(layout.schema);
  const [there] = await db.query<{ readable: boolean | null }>(
    `SELECT has_table_privilege(to_regclass($1), 'SELECT') AS readable`,
    [table],
  );
  if (there?.readable !== true) return undefined;
  const at = layout.squashed ? 'j.archivedon' : 'j.archived_on';
  const [row] = await db.query<Place & { at: string }>(
    `SELECT j.name, j.id::text AS id, ${instant(at)} AS at FROM ${table} j WHERE j.id = $1::uuid ${queue === undefined ? '' : 'AND j.name = $2'} LIMIT 1`,
    queue === undefined ? [id] : [id, queue],
  );
  if (row === undefined) return undefined;
  return {
    place: { name: row.name, id: row.id },
    layout: { ...layout, job: table },
    entry: { at: row.at, event: 'archived' },
    note: "It lies in the library's archive: nothing runs it any more, and neither jobctl nor the library changes it. What it was about can be sent as a new job.",
  };
}
