import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import { openBackup, verifyBackup } from '../../src/safety/backup-reader.ts';
import { batches } from '../../src/safety/journal.ts';
import { readRun } from '../../src/safety/run-folder.ts';
import { listRuns } from '../../src/safety/run-list.ts';
import { until } from '../e2e/jobctl.ts';
import { createProcrastinate, type SchemaDatabase } from '../setup/databases.ts';
import { openAt } from './carry-out.ts';

/** A database with an adapter on it, and state folders; all gone when it is dropped. */
export interface Scene {
  readonly database: SchemaDatabase;
  readonly adapter: QueueAdapter;
  /** An adapter of its own, as another process would have. */
  peer(): Promise<QueueAdapter>;
  stateDir(): Promise<string>;
  drop(): Promise<void>;
}

export async function openScene(): Promise<Scene> {
  const database = await createProcrastinate('3.9');
  const adapters: QueueAdapter[] = [];
  const folders: string[] = [];
  const peer = async (): Promise<QueueAdapter> => {
    const adapter = await openAt(database.url);
    adapters.push(adapter);
    return adapter;
  };
  return {
    database,
    adapter: await peer(),
    peer,
    async stateDir() {
      const folder = await mkdtemp(join(tmpdir(), 'jobctl-faults-'));
      folders.push(folder);
      return folder;
    },
    async drop() {
      await Promise.all(adapters.map((adapter) => adapter.close()));
      await database.drop();
      await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
    },
  };
}

/** One row as text, and the types of its events in order. */
export interface Row {
  readonly id: string;
  readonly status: string;
  readonly attempts: number;
  readonly text: string;
  readonly events: readonly string[];
}

/** The jobs of the queue as the table has them now. */
export async function rowsOf({ database }: Scene, queue: string): Promise<Map<string, Row>> {
  const { rows } = await database.pool.query<Row>(
    `SELECT j.id::text AS id, j.status::text AS status, j.attempts, to_json(j)::text AS text,
            (SELECT coalesce(array_agg(e.type::text ORDER BY e.id), '{}') FROM procrastinate_events e WHERE e.job_id = j.id) AS events
       FROM procrastinate_jobs j WHERE j.queue_name = $1 ORDER BY j.id`,
    [queue],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** The ids in every backup below this folder that a restore could read. */
export async function savedIds(stateDir: string): Promise<Set<string>> {
  const ids = new Set<string>();
  for (const { id, state } of await listRuns(stateDir)) {
    if (state === 'damaged') continue;
    const { backupPath } = await readRun(stateDir, id);
    if (backupPath === undefined) continue;
    for await (const { jobs } of openBackup(backupPath, { acceptTorn: true }))
      for (const { job } of jobs) ids.add(job.id);
  }
  return ids;
}

/** Every job is in the table or in a backup that can be read. */
export async function expectNothingLost(scene: Scene, queue: string, stateDir: string, ids: readonly string[]) {
  const there = await rowsOf(scene, queue);
  const saved = await savedIds(stateDir);
  expect(ids.filter((id) => !there.has(id) && !saved.has(id))).toEqual([]);
}

export async function expectSoundBackup(stateDir: string, run: string): Promise<void> {
  const { backupPath } = await readRun(stateDir, run);
  if (backupPath !== undefined) expect(await verifyBackup(backupPath)).toMatchObject({ ok: true, damage: [] });
}

/** A slow run has begun to write: its journal knows an outcome. */
export const begun = (stateDir: string): Promise<string> =>
  until('a run with an outcome', async () => {
    const [run] = await listRuns(stateDir);
    if (run === undefined || run.state === 'damaged') return undefined;
    for await (const { outcome } of batches((await readRun(stateDir, run.id)).journalPath))
      if (outcome !== undefined) return run.id;
    return undefined;
  });
