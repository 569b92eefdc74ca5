import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Tables } from '../../src/adapters/postgres/made.ts';
import { type EmptyDatabase, type Measured, tablesIn } from './measure.ts';

/** Since 0.16, which gave the tables their names. */
const FIRST = 16;
const SCHEMA = 'graphile_worker';

export async function measureGraphile(empty: EmptyDatabase): Promise<Measured> {
  const query = await empty();
  await query(
    `CREATE SCHEMA ${SCHEMA};
     CREATE TABLE ${SCHEMA}.migrations (id int PRIMARY KEY, ts timestamptz DEFAULT now() NOT NULL, breaking boolean NOT NULL DEFAULT false)`,
  );
  const folder = join(dirname(createRequire(import.meta.url).resolve('graphile-worker18')), '../sql');
  const measured: [number, Tables][] = [];
  for (const file of (await readdir(folder)).sort()) {
    const text = await readFile(join(folder, file), 'utf8');
    await query(text.replaceAll(':GRAPHILE_WORKER_SCHEMA', SCHEMA));
    const number = Number.parseInt(file, 10);
    if (number >= FIRST) measured.push([number, await tablesIn(query, SCHEMA)]);
  }
  return new Map(measured);
}
