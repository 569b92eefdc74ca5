import type { SavedJob } from '../../../domain/claim.ts';

/** The columns that the unique indexes and the dead-letter links look at, as a snapshot's row holds them. */
export interface RowFacts {
  readonly state: string;
  readonly policy?: string | null | undefined;
  readonly singleton_key?: string | null | undefined;
  readonly singleton_on?: string | null;
  readonly upsert_by_key?: boolean | null;
  readonly dead_letter?: string | null;
  readonly source_name?: string | null;
  readonly source_root_id?: string | null;
  readonly retry_count: number;
  readonly retry_limit: number;
  readonly blocking?: boolean;
  readonly blocked?: boolean;
  readonly pending_dependencies?: number;
}

/** A job that another waits for. */
export interface Parent {
  readonly name: string;
  readonly id: string;
}

/** What the snapshot of a job holds: its row as the JSON text that Postgres made of it, without its data. */
export interface PgBossSnapshot {
  readonly row: string;
  /** Columns that hold a JSON null. */
  readonly nulls?: readonly string[];
  /** Of a blocked job: those that hold it. */
  readonly parents?: readonly Parent[];
}

export const snapshotOf = (saved: SavedJob): PgBossSnapshot => saved.snapshot as unknown as PgBossSnapshot;

const parsed = new WeakMap<SavedJob, RowFacts>();

/** Read once a job: a batch asks for them at several places. */
export function factsOf(saved: SavedJob): RowFacts {
  const known = parsed.get(saved);
  if (known !== undefined) return known;
  const facts = JSON.parse(snapshotOf(saved).row) as RowFacts;
  parsed.set(saved, facts);
  return facts;
}

export const idsOf = (jobs: readonly SavedJob[]): string[] => jobs.map(({ job }) => job.id);
export const namesOf = (jobs: readonly SavedJob[]): string[] => [...new Set(jobs.map(({ job }) => job.queue))];
