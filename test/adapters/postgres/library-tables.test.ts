import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { measureGraphile } from '../../../scripts/library-tables/graphile.ts';
import { type EmptyDatabase, type Measured, planOf } from '../../../scripts/library-tables/measure.ts';
import { measurePgBoss } from '../../../scripts/library-tables/pgboss.ts';
import { plan as graphilePlan } from '../../../src/adapters/postgres/graphile/plan.ts';
import type { Plan } from '../../../src/adapters/postgres/made.ts';
import { plan as pgBossPlan } from '../../../src/adapters/postgres/pgboss/plan.ts';
import { createDatabase } from '../../setup/databases.ts';

const empty: EmptyDatabase = async () => {
  const database = await createDatabase('measured');
  const client = new pg.Client(database.url);
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await database.drop();
  });
  return async (text, values) => (await client.query(text, values && [...values])).rows as never[];
};

it.each<[string, (empty: EmptyDatabase) => Promise<Measured>, Plan]>([
  ['pg-boss', measurePgBoss, pgBossPlan],
  ['graphile-worker', measureGraphile, graphilePlan],
])(
  'what is known of the tables of %s is what its packages make (node scripts/write-library-tables.ts)',
  async (_name, measure, plan) => {
    expect(planOf(await measure(empty))).toEqual(plan);
  },
);
