import { expect, it, onTestFinished } from 'vitest';
import { seedJobs } from '../setup/bullmq-seed.ts';
import { createRedis } from '../setup/redis.ts';
import { makeHome } from './jobctl.ts';

it('BullMQ: each queue counts its own jobs, and --queue says which of one id is meant', async () => {
  const server = createRedis('same-id');
  onTestFinished(() => server.drop());
  const home = await makeHome(`${server.url}/?prefix=${server.prefix}`);
  onTestFinished(() => home.remove());
  const [dead, late] = [
    { id: '1', state: 'dead' },
    { id: '2', state: 'delayed' },
  ] as const;
  for (const queue of ['mail', 'sms']) await seedJobs(server, '6', queue, [dead, late]);
  const data = (queue: string) => server.redis.hget(`${server.prefix}:${queue}:1`, 'data');
  const exists = (queue: string, id: string) => server.redis.exists(`${server.prefix}:${queue}:${id}`);

  const lost = await home.warm(['job', 'edit', '1', '--set', 'n=1', '--yes']);
  expect(lost.code).toBe(2);
  expect(lost.stderr).toContain('with --queue or after the command: sms');

  const shown = await home.warm(['job', 'show', '1', '-q', 'sms']);
  expect(shown.stdout).toContain('jobctl job edit 1 --queue sms');
  expect((await home.warm(['job', 'edit', '1', '--queue', 'sms', '--set', 'n=1', '--yes'])).code).toBe(0);
  expect([await data('mail'), await data('sms')]).toEqual(['{}', '{"n":1}']);
  expect((await home.warm(['job', 'cancel', '2', '--queue', 'sms', '--yes'])).code).toBe(0);
  expect([await exists('mail', '2'), await exists('sms', '2')]).toEqual([1, 0]);
  expect((await home.warm(['job', 'remove', '1', '-q', 'mail', '--confirm', 'mail'])).code).toBe(0);
  expect([await exists('mail', '1'), await exists('sms', '1')]).toEqual([0, 1]);
  expect((await home.warm(['job', 'edit', '1', '-q', 'nosuch', '--set', 'n=2', '--yes'])).code).toBe(2);
});
