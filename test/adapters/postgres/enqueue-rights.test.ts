import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { openAdapter } from '../../../src/adapters/registry.ts';
import { requireOps } from '../../../src/domain/capability.ts';
import type { JobctlError } from '../../../src/domain/errors.ts';
import { noDoor } from '../../../src/operations/adding.ts';
import { createDatabase, createProcrastinate } from '../../setup/databases.ts';
import { addJob, createGraphile } from '../../setup/graphile.ts';
import { createPgBoss, createQueue } from '../../setup/pgboss.ts';

interface Place {
  readonly url: string;
  readonly schema: string;
  readonly tables?: { readonly preset: 'prisma'; readonly write: true };
  drop(): Promise<unknown>;
}

const places: Readonly<Record<string, () => Promise<Place>>> = {
  procrastinate: () => createProcrastinate('3.9'),
  'pg-boss': async () => {
    const database = await createPgBoss('12');
    await createQueue(database, 'email');
    return database;
  },
  'graphile-worker': async () => {
    const database = await createGraphile('0.18');
    await addJob(database, 'email');
    return database;
  },
  'own tables': async () => {
    const database = await createDatabase('own');
    const sql = await readFile(new URL('../../schemas/prisma.sql', import.meta.url), 'utf8');
    await asOwner(database.url, sql);
    return { ...database, schema: 'public', tables: { preset: 'prisma', write: true } };
  },
};

async function asOwner(url: string, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

it.each(Object.entries(places))(
  '%s: a role that may not add is told what it takes, and with that it can',
  async (_, open) => {
    const place = await open();
    const role = `adder_${randomUUID().slice(0, 8)}`;
    const schema = pg.escapeIdentifier(place.schema);
    await asOwner(
      place.url,
      `CREATE ROLE ${role} LOGIN BYPASSRLS; GRANT USAGE ON SCHEMA ${schema} TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
    );
    onTestFinished(async () => {
      await asOwner(place.url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
      await place.drop();
    });
    const url = place.url.replace('postgres@', `${role}@`);
    const opened = () =>
      openAdapter({ url, where: 'here', schema: place.schema, tables: place.tables, timeoutMs: 15_000 });
    const looking = await opened();
    const refused = requireOps('here', 'enqueue', looking.can.enqueue ?? noDoor).permit?.('email');
    const error = (await refused?.catch((thrown: unknown) => thrown)) as JobctlError;
    await looking.close();
    expect(error).toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/lacks \w+ on .*, which enqueue needs/),
    });

    await asOwner(place.url, error.next.join('\n'));
    const adding = await opened();
    onTestFinished(() => adding.close());
    const ops = requireOps('here', 'enqueue', adding.can.enqueue ?? noDoor);
    await ops.permit?.('email');
    expect(await ops.enqueue('email', [{ type: 'email', payload: '{}' }])).toMatchObject([{ result: 'done' }]);
  },
);

it('a function that may not be called is named', async () => {
  const { url, drop } = await createProcrastinate('3.9');
  const role = `adder_${randomUUID().slice(0, 8)}`;
  await asOwner(
    url,
    `CREATE ROLE ${role} LOGIN; GRANT USAGE ON SCHEMA public TO ${role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
     GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role};
     DO $$ BEGIN EXECUTE (SELECT string_agg(format('REVOKE ALL ON FUNCTION %s FROM public', oid::regprocedure), ';') FROM pg_proc WHERE proname = 'procrastinate_defer_jobs_v1'); END $$`,
  );
  onTestFinished(async () => {
    await asOwner(url, `DROP OWNED BY ${role}; DROP ROLE ${role}`);
    await drop();
  });
  const adapter = await openAdapter({ url: url.replace('postgres@', `${role}@`), where: 'here', timeoutMs: 15_000 });
  onTestFinished(() => adapter.close());
  await expect(requireOps('here', 'enqueue', adapter.can.enqueue ?? noDoor).permit?.('email')).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/lacks EXECUTE on procrastinate_defer_jobs_v1\(.*\), which enqueue needs/),
    next: [expect.stringMatching(/^GRANT EXECUTE ON FUNCTION procrastinate_defer_jobs_v1\(/)],
  });
});
