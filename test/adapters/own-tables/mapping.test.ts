import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import type { TablesMapping } from '../../../src/adapters/postgres/own-tables/mapping.ts';
import { openSchemaAdmin } from '../../../src/adapters/postgres/schema.ts';
import { act, browseAll, inState, putBack, replay, told, whole } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { crashed, deadLetters, openShop } from './shop.ts';

const wrong: Record<string, [TablesMapping, RegExp]> = {
  'a table': [{ table: 'Jobs' }, /^tables\.table: there is no table "Jobs" in the schema public/],
  'a schema': [{ schema: 'queue' }, /^tables\.table: there is no table "Job" in the schema queue/],
  'a column': [{ columns: { runAt: 'runat' } }, /^tables\.columns\.runAt: the table Job has no column "runat"/],
  'a type': [{ columns: { startedAt: 'attempts' } }, /^tables\.columns\.startedAt: the column "attempts" is integer/],
  'a label': [{ statuses: { waiting: 'waiting' } }, /^tables\.statuses\.waiting: "JobStatus" has no such label/],
  'a column of the dead letters': [
    { deadLetter: { columns: { resolved: 'done' } } },
    /^tables\.deadLetter\.columns\.resolved: the table DeadLetterJob has no column "done"/,
  ],
  'the table of the heartbeats': [
    { heartbeats: { table: 'Beats' } },
    /^tables\.heartbeats\.table: there is no table "Beats"/,
  ],
  'a column that a retry sets': [
    { onRetry: { lasterror: null } },
    /^tables\.onRetry\.lasterror: the table Job has no column/,
  ],
};

it.each(Object.entries(wrong))(
  'a mapping that is wrong about %s is refused, with its key',
  async (_, [mapping, message]) => {
    const shop = await openShop();
    const failure = await shop.adapter(mapping).catch((error: Error) => error);
    expect(failure).toMatchObject({ code: 'JOBCTL_USAGE', message: expect.stringMatching(message) });
  },
);

it('the nearest name is offered', async () => {
  const shop = await openShop();
  const failure = await shop.adapter({ columns: { runAt: 'runat' } }).catch((error: Error) => error);
  expect(failure).toMatchObject({ next: [expect.stringMatching(/run_at/)] });
});

it('the tables of a team do not pass for those of a library that is asked for', async () => {
  const shop = await openShop(deadLetters);
  const options = { url: shop.url, where: 'postgres://test', tables: { preset: 'prisma' } } as const;
  const open = async (dialect: string): Promise<unknown> => (await openPostgres({ ...options, dialect })).close();
  const refused = { code: 'JOBCTL_USAGE', message: expect.stringMatching(/\(tables:\), .* not those of pg-boss/) };
  await expect(open('pg-boss')).rejects.toMatchObject(refused);
  await expect(open('pgboss')).rejects.toMatchObject({ message: expect.stringMatching(/Did you mean pg-boss/) });
  await expect(open('own-tables')).resolves.toBeUndefined();
  const admin = openSchemaAdmin({ ...options, dialect: 'pg-boss' });
  onTestFinished(() => admin.close());
  await expect(admin.check({ writes: false })).rejects.toMatchObject(refused);
});

it('reads only until the mapping says write: true', async () => {
  const adapter = await (await openShop(deadLetters)).adapter({ write: false });
  expect(await browseAll(adapter, inState('email', 'dead'))).toHaveLength(1);
  for (const verb of ['replay', 'reset', 'remove', 'cancel', 'edit', 'restore', 'revert'] as const)
    expect(adapter.can[verb]).toMatchObject({ level: 'none', instead: expect.stringMatching(/write: true/) });
});

it('a status that nobody mapped is shown as blocked, counted under its own name, and never written to', async () => {
  const shop = await openShop(`${crashed} ALTER TYPE "JobStatus" ADD VALUE 'parked';`);
  await shop.rows(`UPDATE "Job" SET status = 'parked' WHERE id = 'waits'`);
  const adapter = await shop.adapter();
  expect(adapter.backend.warnings.join()).toMatch(/does not map parked/);
  const [job] = await browseAll(adapter, inState('email', 'blocked'));
  expect([job?.id, job?.native]).toEqual(['waits', 'parked']);
  expect((await adapter.stats({}))[0]).toMatchObject({ other: { parked: 1 } });
  const write = async (verb: 'cancel' | 'remove') =>
    (await act(opsOf({ adapter }, verb), inState('email', 'blocked'), { verb })).outcomes;
  for (const verb of ['cancel', 'remove'] as const)
    expect(await write(verb)).toEqual([
      {
        ref: { queue: 'email', id: 'waits' },
        result: 'skipped',
        why: 'conflict',
        note: 'its status "parked" is not mapped, so nobody knows what it means: say so in tables.statuses',
      },
    ]);
  expect(await shop.rows(`SELECT status FROM "Job" WHERE id = 'waits'`)).toEqual([{ status: 'parked' }]);
});

it('nor is a job without a status; one whose status means blocked may be removed', async () => {
  const shop = await openShop(
    `${crashed} ALTER TYPE "JobStatus" ADD VALUE 'parked'; ALTER TABLE "Job" ALTER status DROP NOT NULL;`,
  );
  await shop.rows(
    `UPDATE "Job" SET status = CASE WHEN id = 'waits' THEN NULL ELSE 'parked'::"JobStatus" END WHERE id IN ('waits', 'nameless')`,
  );
  const adapter = await shop.adapter({ statuses: { parked: 'blocked' } });
  const { outcomes } = await act(opsOf({ adapter }, 'remove'), inState('email', 'blocked'), { verb: 'remove' });
  expect(told(outcomes)).toEqual(['nameless: done', 'waits: skipped conflict']);
  expect(outcomes.find(({ ref }) => ref.id === 'waits')).toMatchObject({
    note: expect.stringMatching(/^it has no status/),
  });
});

it('foreign keys that would cascade are found, and remove is refused', async () => {
  const adapter = await (
    await openShop(`CREATE TABLE "Invoice" (id text PRIMARY KEY, "jobId" text REFERENCES "Job" ON DELETE CASCADE)`)
  ).adapter();
  expect(adapter.can.remove).toMatchObject({
    level: 'none',
    why: 'deleting from Job would delete rows of "Invoice" with it (Invoice_jobId_fkey)',
  });
  expect(adapter.can.replay.level).toBe('native');
});

const refusals: readonly (readonly [what: string, sql: string, why: string])[] = [
  [
    'a foreign key that restricts',
    `CREATE TABLE "Invoice" (id text PRIMARY KEY, "jobId" text REFERENCES "Job"); INSERT INTO "Invoice" VALUES ('i', 'j4');`,
    'Invoice_jobId_fkey',
  ],
  [
    'a trigger of the team',
    `CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF old.id = 'j4' THEN RAISE 'j4 is kept'; END IF; RETURN old; END $$;
     CREATE TRIGGER keep BEFORE DELETE ON "Job" FOR EACH ROW EXECUTE FUNCTION keep();`,
    'j4 is kept',
  ],
];

it.each(refusals)(
  'one job that %s stands against is left, with the reason; the rest of its batch goes on',
  async (_, sql, why) => {
    const done = `INSERT INTO "Job" (id, queue, type, payload, status, "updatedAt") SELECT 'done' || n, 'email', 'x', '{}', 'completed', now() FROM generate_series(1, 20) n;`;
    const shop = await openShop(`${deadLetters} ${done} ${sql}`);
    const adapter = await shop.adapter();
    const { outcomes } = await act(opsOf({ adapter }, 'remove'), inState('email', 'dead', 'completed'), {
      verb: 'remove',
    });
    const last = new Map(outcomes.map((outcome) => [outcome.ref.id, outcome]));
    const left = [...last.values()].filter(({ result }) => result !== 'done');
    expect(left).toEqual([
      { ref: { queue: 'email', id: 'j4' }, result: 'skipped', why: 'conflict', note: expect.stringContaining(why) },
    ]);
    expect(last.size).toBe(22);
    expect((await shop.pool.query('SELECT id FROM "Job"')).rows).toContainEqual({ id: 'j4' });
  },
);

it('triggers of the team are named in a warning', async () => {
  const adapter = await (
    await openShop(`CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
      CREATE TRIGGER "audit job" BEFORE UPDATE ON "Job" FOR EACH ROW EXECUTE FUNCTION touch();`)
  ).adapter();
  expect(adapter.backend.warnings).toEqual(['Job has triggers that run with every write: audit job.']);
});

it('without a column that names the queue all jobs are in one, named as configured', async () => {
  const shop = await openShop(`${crashed} ALTER TABLE "Job" DROP COLUMN queue;`);
  expect(await (await shop.adapter()).queues()).toEqual([{ queue: 'jobs' }]);
  const adapter = await shop.adapter({ queueName: 'background', stuckAfter: { background: 60 } });
  expect((await browseAll(adapter, { ...inState('background', 'active'), stuck: true })).map(({ id }) => id)).toContain(
    'young-gone',
  );
});

it('a flag that pauses a queue is shown', async () => {
  const shop = await openShop(
    `${crashed} CREATE TABLE "QueueConfig" (name text PRIMARY KEY, paused boolean NOT NULL); INSERT INTO "QueueConfig" VALUES ('email', true);`,
  );
  const adapter = await shop.adapter({ pause: { table: 'QueueConfig', queue: 'name', paused: 'paused' } });
  expect((await adapter.stats({}))[0]).toMatchObject({ queue: 'email', paused: true });
});

it('a replay sets what the configuration adds, and wakes the workers through its channel', async () => {
  const shop = await openShop(deadLetters);
  const adapter = await shop.adapter({
    onRetry: { priority: 9, lastError: 'retried by hand', result: '{"again": true}', run_at: 'now()' },
    notify: { channel: 'jobs_{queue}', payload: '{"queue":"{queue}"}' },
  });
  const listener = new pg.Client(shop.url);
  await listener.connect();
  const heard = new Promise((resolve) =>
    listener.once('notification', ({ channel, payload }) => resolve({ channel, payload })),
  );
  await listener.query('LISTEN jobs_email');
  await act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay);
  expect(await heard).toEqual({ channel: 'jobs_email', payload: '{"queue":"email"}' });
  await listener.end();
  expect(await shop.rows(`SELECT priority, "lastError", result FROM "Job" WHERE id = 'j1'`)).toEqual([
    { priority: 9, lastError: 'retried by hand', result: { again: true } },
  ]);
});

it('one job that a unique index stands against is left, with the index; the rest of its batch goes on', async () => {
  const shop = await openShop(
    `${deadLetters} ALTER TABLE "Job" ADD COLUMN tenant text; CREATE UNIQUE INDEX one_per_tenant ON "Job" (lower(tenant), type) WHERE status IN ('pending', 'processing');
     INSERT INTO "Job" (id, queue, type, payload, status, tenant, "updatedAt") VALUES
       ('k1', 'email', 'x', '{}', 'failed', 'acme', now()), ('k2', 'email', 'x', '{}', 'failed', 'beta', now()), ('k3', 'email', 'x', '{}', 'processing', 'ACME', now());`,
  );
  const { outcomes } = await act(opsOf({ adapter: await shop.adapter() }, 'replay'), inState('email', 'dead'), replay);
  expect(told(outcomes)).toEqual(['j1: done', 'k1: skipped duplicate', 'k2: done']);
  expect(outcomes.find(({ ref }) => ref.id === 'k1')).toMatchObject({ note: 'one_per_tenant: k3 is there already' });
});

it('pages over jobs that share one moment: each once, none left out', async () => {
  const shop = await openShop(
    `INSERT INTO "Job" (id, queue, type, payload, status, "updatedAt") SELECT 'c' || md5(n::text), 'email', 'x', '{}', 'pending', now() FROM generate_series(1, 500) n;`,
  );
  const adapter = await shop.adapter();
  for (const order of ['newest', 'oldest'] as const) {
    const ids = (await browseAll(adapter, whole('email'), { size: 7, order })).map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([500, 500]);
  }
});

it('a JSON null and no value at all are told apart in a backup', async () => {
  const shop = await openShop(
    `INSERT INTO "Job" (id, queue, type, payload, status, result, "updatedAt") VALUES
       ('null', 'email', 'x', 'null', 'completed', 'null', now()), ('none', 'email', 'x', '{}', 'completed', NULL, now());`,
  );
  const adapter = await shop.adapter();
  const look = `SELECT id, payload::text, result::text FROM "Job" ORDER BY id`;
  const before = await shop.rows(look);
  const { saved } = await act(opsOf({ adapter }, 'remove'), whole('email'), { verb: 'remove' });
  expect(await shop.rows(look)).toEqual([]);
  await putBack(opsOf({ adapter }, 'restore'), saved, false, adapter);
  expect(await shop.rows(look)).toEqual(before);
});
