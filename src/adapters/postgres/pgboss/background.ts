import type { SchemaFinding } from '../../../domain/schema.ts';
import type { Db } from '../connection.ts';
import { quoted } from '../sql.ts';
import type { Layout } from './layout.ts';

export interface Background {
  readonly findings: readonly SchemaFinding[];
  /** Whether an index of this name is still to come. */
  builds(index: string): boolean;
}

interface Row {
  readonly status: string;
  readonly count: number;
  readonly error: string | null;
  readonly commands: string;
}

/** Since 12 the library builds indexes in the background, and notes in `bam` how far it has come. `coming`: statements that follow. */
export async function readBackground(db: Db, { schema }: Layout, coming = ''): Promise<Background> {
  const bam = `${quoted(schema)}.bam`;
  const [there] = await db.query<{ readable: boolean }>(
    `SELECT coalesce(has_table_privilege(to_regclass($1), 'SELECT'), false) AS readable`,
    [bam],
  );
  if (there?.readable !== true) return { findings: [], builds: naming([coming]) };
  const rows = await db.query<Row>(
    `SELECT status, count(*)::int AS count, max(left(error, 200)) AS error, string_agg(command, ' ') AS commands
       FROM ${bam} WHERE status <> 'completed' GROUP BY status ORDER BY 1`,
  );
  const underWay = rows.flatMap(({ status, commands }) => (status === 'failed' ? [] : [commands]));
  return { findings: rows.map(toFinding), builds: naming([...underWay, coming]) };
}

function naming(statements: readonly string[]): Background['builds'] {
  const words = new Set(statements.flatMap((statement) => statement.split(/\W+/)));
  return (index) => words.has(index);
}

const toFinding = ({ status, count, error }: Row): SchemaFinding =>
  status === 'failed'
    ? {
        level: 'warning',
        text: `${count} of the library's background migrations failed: ${error ?? 'no reason was stored'}.`,
        next: 'Look at the table bam; an instance with migrate on tries again.',
      }
    : {
        level: 'hint',
        text: `${count} of the library's background migrations are ${status}: until they are done some reads are slower.`,
      };
