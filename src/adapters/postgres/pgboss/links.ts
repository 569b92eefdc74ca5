import type { JobDetail } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { linkOf, sameDeath } from './copies.ts';
import { isLetterQueue } from './expressions.ts';
import type { Layout } from './layout.ts';
import type { Place } from './rows.ts';

/** No job shows more relatives than this. */
const MOST = 20;

/** `o` is the job that is shown; each part finds its relatives as `j`. */
interface Part {
  readonly relation: string;
  readonly link: string;
}

/** Copies and originals, parents and children. */
export async function linksOf(db: Db, layout: Layout, { name, id }: Place): Promise<JobDetail['links']> {
  if (layout.queue === undefined) return [];
  const found = await db.query<{ relation: string; to: string }>(
    `${partsOf(layout)
      .map(({ relation, link }) => query(layout, relation, link))
      .join(' UNION ALL ')} LIMIT ${MOST}`,
    [name, id],
  );
  return layout.dependency === undefined ? found : [...found, ...(await family(db, layout.dependency, { name, id }))];
}

function partsOf(layout: Layout): Part[] {
  const originals = `j.name IN (SELECT q.name FROM ${layout.queue} q WHERE q.dead_letter = o.name) AND j.state = 'failed' AND ${sameDeath('j', 'o')}`;
  const root = layout.has('source_root_id');
  const beginning = root
    ? `o.source_id IS NULL AND j.name = ANY (ARRAY(SELECT q.name FROM ${layout.queue} q)) AND j.id = o.source_root_id`
    : `j.name = o.name AND j.state = 'failed' AND ${sameDeath('j', 'o')}`;
  const linked = layout.has('source_id');
  return [
    {
      relation: 'dead-letter copy',
      link: linked
        ? `j.name = o.dead_letter AND ${linkOf(layout)}`
        : `j.name = o.dead_letter AND o.state = 'failed' AND ${sameDeath('o', 'j')}`,
    },
    { relation: 'copy of', link: linked ? 'j.name = o.source_name AND j.id = o.source_id' : originals },
    // in a dead-letter queue that only single jobs name
    ...(layout.close
      ? [
          {
            relation: 'copy of',
            link: `o.policy IS NULL AND NOT ${isLetterQueue(layout, 'o.name')} AND j.dead_letter = o.name AND j.state = 'failed' AND ${sameDeath('j', 'o')}`,
          },
        ]
      : []),
    { relation: 'began as', link: beginning },
  ];
}

const query = ({ job }: Layout, relation: string, link: string): string =>
  `(SELECT '${relation}' AS relation, 'job ' || j.id || ' in ' || j.name || ' (' || j.state || ')' AS to
      FROM ${job} o JOIN ${job} j ON ${link} WHERE o.name = $1 AND o.id = $2::uuid AND j.id <> o.id LIMIT ${MOST})`;

const family = (db: Db, dependency: string, { name, id }: Place): Promise<{ relation: string; to: string }[]> =>
  db.query(
    `SELECT 'waits for' AS relation, 'job ' || d.parent_id || ' in ' || d.parent_name AS to FROM ${dependency} d
      WHERE d.child_name = $1 AND d.child_id = $2::uuid
     UNION ALL
     SELECT 'is waited for by', 'job ' || d.child_id || ' in ' || d.child_name FROM ${dependency} d
      WHERE d.parent_name = $1 AND d.parent_id = $2::uuid LIMIT ${MOST}`,
    [name, id],
  );
