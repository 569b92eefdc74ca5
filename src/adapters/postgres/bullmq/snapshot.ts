import type { SavedJob } from '../../../domain/claim.ts';
import { quoted } from '../sql.ts';
import type { Layout } from './layout.ts';

/** What brings a job back: its row as Postgres tells it, and the rows of other tables that are its own. */
export interface BullmqSnapshot {
  /** All columns but the data, which are the payload, and the workers' passing mark. */
  readonly row: string;
  /** Columns that hold a JSON null, which the row's text cannot tell from no value. */
  readonly nulls: readonly string[] | null;
  /** Its log, its children, and its hold on its deduplication id, each as JSON text. */
  readonly logs: string | null;
  readonly children: string | null;
  readonly dedup: string | null;
  /** How its parent has it in its list. */
  readonly awaited: string | null;
}

/** Of every active job the workers note that they saw it, again and again: that makes it no other job. */
export const passing = 'stalled_marked';

/** The row of `j` as JSON text with its data, and without what is passing. */
export const image = ({ columns }: Layout): string => rowText(columns.filter((column) => column !== passing));

const rowText = (columns: readonly string[]): string =>
  `(SELECT row_to_json(x)::text FROM (SELECT ${columns.map((column) => `j.${quoted(column)}`).join(', ')}) x)`;

export function snapshotColumns({ columns, json, log, dependency, dedup }: Layout): string {
  const nulls = json
    .filter((column) => column !== 'data')
    .map((column) => `CASE WHEN jsonb_typeof(j.${quoted(column)}) = 'null' THEN '${column}' END`);
  return `${rowText(columns.filter((column) => column !== 'data' && column !== passing))} AS row,
    array_remove(ARRAY[${nulls.join(', ')}]::text[], NULL) AS nulls,
    (SELECT json_agg(json_build_array(l.idx, l.row) ORDER BY l.idx)::text FROM ${log} l WHERE l.queue = j.queue AND l.job_id = j.id) AS logs,
    (SELECT json_agg(json_build_array(d.child_queue, d.child_id, d.child_key, d.status, d.value::text) ORDER BY d.child_key)::text
       FROM ${dependency} d WHERE d.parent_queue = j.queue AND d.parent_id = j.id) AS children,
    (SELECT json_build_array(h.expire_at_ms)::text FROM ${dedup} h
      WHERE h.queue = j.queue AND h.dedup_id = j.dedup_id AND h.job_id = j.id) AS dedup,
    (SELECT json_build_array(d.status, d.value::text)::text FROM ${dependency} d
      WHERE d.parent_queue = j.parent_queue AND d.parent_id = j.parent_id AND d.child_key = j.queue || ':' || j.id) AS awaited`;
}

/** Nothing is written down that is not there: most jobs have no more than their row. */
export const snapshotOf = ({
  row,
  nulls,
  logs,
  children,
  dedup,
  awaited,
}: BullmqSnapshot): Partial<BullmqSnapshot> => ({
  row,
  ...(nulls !== null && nulls.length > 0 && { nulls }),
  ...(logs !== null && { logs }),
  ...(children !== null && { children }),
  ...(dedup !== null && { dedup }),
  ...(awaited !== null && { awaited }),
});

export const savedIn = ({ snapshot }: SavedJob): BullmqSnapshot => {
  const none = { nulls: null, logs: null, children: null, dedup: null, awaited: null };
  return { ...none, ...(snapshot as unknown as Pick<BullmqSnapshot, 'row'>) };
};
