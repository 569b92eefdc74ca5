import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { expectFailure, expectFits } from '../e2e/answer.ts';
import { homeForTest } from '../e2e/jobctl.ts';
import { createPgBoss, createQueue } from '../setup/pgboss.ts';

it('tables newer than known: looked at with a warning, written only with --newer-schema, which is audited', async () => {
  const database = await createPgBoss('12');
  onTestFinished(() => database.drop());
  await createQueue(database, 'email');
  await database.pool.query(`INSERT INTO job (name, state, data, completed_on) VALUES ('email', 'failed', '{}', now());
    UPDATE version SET version = 47`);
  const home = await homeForTest(database.url);
  const stats = await home.run(['stats', 'email']);
  expect(stats).toMatchObject({ code: 0, stderr: expect.stringMatching(/schema 47\) is newer than jobctl knows/) });
  expectFailure(
    await home.run(['replay', 'email', '--yes']),
    4,
    /newer than this jobctl knows \(schema 47\).*--newer-schema/,
  );
  expectFailure(await home.run(['replay', 'email', '--dry-run']), 4, /--newer-schema/);
  expect((await home.run(['schema', 'check'])).code).toBe(10);
  const done = await home.run(['replay', 'email', '--yes', '--newer-schema']);
  expect(done.code).toBe(0);
  expect(done.stderr).toMatch(/THESE TABLES ARE NEWER THAN JOBCTL KNOWS/);
  expectFits(done.stderr);
  const [, undo = ''] = /(jobctl undo .*?)(?:\s+#|\n)/.exec(done.stdout) ?? [];
  expect(undo).toMatch(/ --newer-schema$/);
  expect(await home.run([...undo.split(' ').slice(1), '--dry-run'])).toMatchObject({ code: 0 });
  const audit = await readFile(join(home.stateDir, 'audit.ndjson'), 'utf8');
  const entries = audit
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(entries.at(-1)).toMatchObject({ verb: 'replay', newerSchema: 'schema 47', exitCode: 0 });
  expect(entries.at(-1).command).toContain('--newer-schema');
});
