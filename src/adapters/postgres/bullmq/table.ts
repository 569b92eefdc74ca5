import type { SavedJob } from '../../../domain/claim.ts';
import type { SavedRow, SavedTable } from '../saved-rows.ts';
import { quotedLiterals } from '../sql.ts';
import { nowMs } from './expressions.ts';
import type { Layout } from './layout.ts';
import { image, passing, savedIn } from './snapshot.ts';

/** States in which a job runs, or will by itself. */
const starting = ['waiting', 'active', 'delayed'];
const parks = `r.state IN ${quotedLiterals(starting)}`;

/** The reason of a job that came back failed instead of running by itself. */
const PARKED = 'put back by jobctl: it has not run since';

/** Columns that go with the state when a job comes back failed. */
const parking: Readonly<Record<string, string>> = {
  finished_at_ms: `CASE WHEN ${parks} THEN ${nowMs} ELSE r.finished_at_ms END`,
  failed_reason: `CASE WHEN ${parks} THEN '${PARKED}' ELSE r.failed_reason END`,
  lock_token: `CASE WHEN ${parks} THEN NULL ELSE r.lock_token END`,
  locked_until_ms: `CASE WHEN ${parks} THEN NULL ELSE r.locked_until_ms END`,
};

/** The row as the backend's own JSON text; the snapshot leaves out the data because they are the payload. */
export const rowOf = (saved: SavedJob): SavedRow => ({
  id: saved.job.id,
  row: `${savedIn(saved).row.slice(0, -1)},"data":${saved.job.payload}}`,
});

/** The job table as far as jobs of one queue are concerned that hold a JSON null in the same columns. */
export function jobTable(layout: Layout, queue: string, nulls: readonly string[] = [], asWas = true): SavedTable {
  return {
    name: layout.job,
    columns: layout.columns,
    idType: 'text',
    state: { column: 'state', starting, parked: 'failed', along: Object.keys(parking) },
    references: [],
    image: image(layout),
    values: {
      ...(asWas ? {} : parking),
      [passing]: 'false',
      data: `coalesce(r.data, 'null')`,
      // reading the row's text has turned a JSON null into no value
      ...Object.fromEntries(nulls.map((column) => [column, `coalesce(r.${column}, 'null')`])),
    },
    among: `j.queue IN ${quotedLiterals([queue])}`,
  };
}

/** Jobs that can be written by one statement: of one queue, with JSON nulls in the same columns. Mostly that is all of them. */
export const alike = (
  saved: readonly SavedJob[],
): readonly { readonly queue: string; readonly nulls: readonly string[]; readonly jobs: readonly SavedJob[] }[] =>
  [...Map.groupBy(saved, (item) => JSON.stringify([item.job.queue, savedIn(item).nulls ?? []]))].map(([key, jobs]) => {
    const [queue, nulls] = JSON.parse(key) as [string, string[]];
    return { queue, nulls, jobs };
  });

export const byQueue = (saved: readonly SavedJob[]): MapIterator<[string, SavedJob[]]> =>
  Map.groupBy(saved, ({ job }) => job.queue).entries();
