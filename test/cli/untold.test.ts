import { readFile } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import { openAdapter } from '../../src/adapters/registry.ts';
import { compileTests, readSelection } from '../../src/cli/criteria.ts';
import { refuseUntoldGroups, refuseUntoldStates } from '../../src/cli/untold.ts';
import { removable } from '../../src/cli/write-command.ts';
import type { QueueReader } from '../../src/domain/adapter.ts';
import type { JobctlError } from '../../src/domain/errors.ts';
import type { JobState } from '../../src/domain/job.ts';
import { createBullmqTables } from '../setup/bullmq-postgres.ts';
import { createFilled, createProcrastinate } from '../setup/databases.ts';
import { createGraphile } from '../setup/graphile.ts';
import { createPgBoss } from '../setup/pgboss.ts';
import { createSqs } from '../setup/sqs.ts';

type Opening = Partial<Parameters<typeof openAdapter>[0]>;
interface Place {
  readonly url: string;
  readonly schema: string;
  drop(): Promise<unknown>;
}

async function open(place: Promise<Place>, more: Opening = {}): Promise<QueueReader> {
  const { url, schema, drop } = await place;
  onTestFinished(async () => void (await drop()));
  const adapter = await openAdapter({ url, where: 'here', schema, timeoutMs: 15_000, ...more });
  onTestFinished(() => adapter.close());
  return adapter;
}

const ownTables = (change = ''): Promise<Place> =>
  createFilled(`own_tables_${change.length}`, 'public', async ({ pool }) => {
    await pool.query(await readFile(new URL('../schemas/prisma.sql', import.meta.url), 'utf8'));
    await pool.query(change);
  });

const asked = (reader: QueueReader, flags: Parameters<typeof readSelection>[0]) =>
  readSelection(flags, ['email'], ['dead'], reader);

const without: Readonly<Record<string, () => Promise<QueueReader>>> = {
  'pg-boss': () => open(createPgBoss('12')),
  'graphile-worker': () => open(createGraphile('0.18')),
  procrastinate: () => open(createProcrastinate('3.9')),
  'BullMQ on Postgres': () => open(createBullmqTables()),
  'own tables without such a column': () => open(ownTables(), { tables: { preset: 'prisma' } }),
};

it.each(Object.entries(without))('%s keeps no tenant: to ask for one is a usage error that helps', async (_, make) => {
  const reader = await make();
  const refusal = asked(reader, { tenant: "o'neil & co" });
  await expect(refusal).rejects.toMatchObject({
    kind: 'usage',
    message: `${reader.backend.name} keeps no tenant of a job: --tenant would never find one.`,
  });
  const { next } = (await refusal.catch((error: unknown) => error)) as { next: string[] };
  expect(next[0]).toMatch(/^--where 'payload\.tenantId == "o'\\''neil & co"' /);
  // what is advised is what --where understands
  const { where } = await compileTests({ queues: [], states: [], where: `payload.tenantId == "o'neil & co"` });
  const job = { queue: 'email', id: '1', type: 'x', state: 'dead', native: '', retrying: false, attempts: 1 } as const;
  expect(where?.({ ...job, payload: `{"tenantId":"o'neil & co"}` })).toBe(true);
  expect(() => refuseUntoldGroups(reader.backend, 'tenant')).toThrow(
    /--by tenant would put all of them into one group/,
  );
  for (const by of ['error', 'type']) refuseUntoldGroups(reader.backend, by);
  expect(where?.({ ...job, payload: '{"tenantId":"acme"}' })).toBe(false);
  expect(where?.({ ...job, payload: '{}' })).toBe(false);
});

it('a lane is refused in the same way where there are none', async () => {
  const reader = await open(createPgBoss('10'));
  await expect(asked(reader, { lane: 'blue' })).rejects.toMatchObject({
    kind: 'usage',
    message: 'postgres/pg-boss keeps no lane of a job: --lane would never find one.',
  });
  expect(await asked(await open(createPgBoss('12')), { lane: 'blue' })).toMatchObject({ lane: 'blue' });
});

it('own tables are told how to name the column, and with it the tenant is asked for', async () => {
  const tables = { preset: 'prisma' } as const;
  const bare = await open(ownTables(), { tables });
  await expect(asked(bare, { tenant: 'acme' })).rejects.toMatchObject({
    next: expect.arrayContaining([expect.stringMatching(/tables\.columns\.tenant/)]),
  });
  const mapped = await open(ownTables('ALTER TABLE "Job" ADD "tenantId" text'), { tables });
  expect(await asked(mapped, { tenant: 'acme' })).toMatchObject({ tenant: 'acme' });
});

const sqs = async (): Promise<QueueReader> => {
  const { url, endpoint, drop } = await createSqs();
  onTestFinished(drop);
  const adapter = await openAdapter({ url, where: 'here', endpoint, timeoutMs: 15_000 });
  onTestFinished(() => adapter.close());
  return adapter;
};

const refusal = (reader: QueueReader, ...states: JobState[]): JobctlError | undefined => {
  try {
    refuseUntoldStates(reader.backend, { states, command: 'purge email', narrowed: false, of: removable });
    return undefined;
  } catch (error) {
    return error as JobctlError;
  }
};

/** No status is left that means completed. */
const mute = { completed: 'cancelled' } as const;

/** Of each backend: states that none of its jobs is ever in, and one that they are. */
const stateless: Readonly<Record<string, readonly [() => Promise<QueueReader>, readonly JobState[], JobState]>> = {
  sqs: [sqs, ['completed', 'cancelled', 'blocked', 'delayed', 'active'], 'dead'],
  'graphile-worker': [() => open(createGraphile('0.18')), ['completed', 'cancelled'], 'blocked'],
  'BullMQ on Postgres': [() => open(createBullmqTables()), ['cancelled'], 'completed'],
  'procrastinate before 2.6': [() => open(createProcrastinate('1.1')), ['cancelled'], 'completed'],
  'own tables': [() => open(ownTables(), { tables: { preset: 'prisma', statuses: mute } }), ['completed'], 'dead'],
};

it.each(Object.entries(stateless))('%s refuses to be asked for states that it never shows', async (_, given) => {
  const [make, states, shown] = given;
  const reader = await make();
  for (const state of states) {
    expect(refusal(reader, state)).toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(`${reader.backend.name} shows no ${state} jobs: `),
      next: expect.arrayContaining([expect.stringMatching(/^jobctl purge email --state waiting {3}# .*dead/)]),
    });
    expect(refusal(reader, state, shown), 'beside one that it shows').toBeUndefined();
  }
  expect(refusal(reader, shown)).toBeUndefined();
  expect(refusal(reader, ...states)?.message).toContain(`${states.join(' or ')} jobs`);
  expect(refusal(reader, ...states)?.next[0]).not.toContain('active');
});
