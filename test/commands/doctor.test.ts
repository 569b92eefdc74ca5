import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { answerOf, errorOf } from '../e2e/answer.ts';
import { homeForTest } from '../e2e/jobctl.ts';
import { createProcrastinate } from '../setup/databases.ts';

interface Answer {
  readonly ok: boolean;
  readonly checked: string[];
  readonly findings: { id: string; severity: string; what: string; next: string[] }[];
}

it('examines the tables of a database, and ends with 10 when something is wrong with them', async () => {
  const database = await createProcrastinate('3.9');
  onTestFinished(() => database.drop());
  const home = await homeForTest(database.url);
  const well = await home.run(['doctor', '--json']);
  expect(well.code).toBe(0);
  expect(answerOf<Answer>(well, 'doctor')).toMatchObject({ ok: true, findings: [] });
  const client = new pg.Client(database.url);
  await client.connect();
  await client.query('DROP INDEX procrastinate_jobs_queue_name_idx_v1');
  await client.end();
  const ill = await home.run(['doctor']);
  expect(ill.code).toBe(10);
  expect(ill.stdout.replace(/\s+/g, ' ')).toMatch(/procrastinate_jobs_queue_name_idx.* \(schema\)/);
});

it('where nothing can be judged it says what was looked at; an unknown queue is an error', async () => {
  const home = await homeForTest('memory:');
  const ended = await home.run(['doctor']);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(ended.stdout).toMatch(/Nothing was found\.\nLooked at: what the backend warns of\.\n$/);
  const unknown = await home.run(['doctor', 'nowhere', '--json']);
  expect([unknown.code, errorOf(unknown).code]).toEqual([2, 'JOBCTL_USAGE']);
});
