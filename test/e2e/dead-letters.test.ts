import { expect, it, onTestFinished } from 'vitest';
import { seedJobs } from '../setup/bullmq-seed.ts';
import { createRedis } from '../setup/redis.ts';
import { answerOf } from './answer.ts';
import { makeHome } from './jobctl.ts';

interface Report {
  readonly run: string;
  readonly outcomes: Record<string, number>;
  readonly complete: boolean;
}

it('BullMQ: a dead letter is edited and replayed, and each is taken back', async () => {
  const server = createRedis('letters-e2e');
  onTestFinished(() => server.drop());
  const home = await makeHome();
  onTestFinished(() => home.remove());
  await home.file(
    'jobctl.yaml',
    `version: 1
contexts:
  shop:
    url: ${server.url}
    prefix: ${server.prefix}
    queues: { mail: { deadLetter: { queue: mail-dlq, payload: original } } }
`,
  );
  await seedJobs(server, '6', 'mail', [{ state: 'completed' }]);
  const [id = ''] = await seedJobs(server, '6', 'mail-dlq', [{ state: 'waiting', payload: '{"original":{"n":1}}' }]);
  const copy = () => server.redis.hget(`${server.prefix}:mail-dlq:${id}`, 'data');
  const waiting = async () => await server.redis.llen(`${server.prefix}:mail:wait`);
  const write = async (...args: string[]): Promise<Report> => {
    const ended = await home.warm([...args, '-c', 'shop', '--yes', '--json']);
    expect(ended.code, ended.stderr).toBe(0);
    const report = answerOf<Report>(ended, 'report');
    expect(report).toMatchObject({ complete: true, outcomes: { done: 1 } });
    return report;
  };

  const edited = await write('job', 'edit', `mail-dlq:${id}`, '--set', 'n=2');
  expect(await copy()).toBe('{"original":{"n":2}}');
  await write('undo', edited.run);
  expect(await copy()).toBe('{"original":{"n":1}}');

  const replayed = await write('replay', 'mail');
  expect([await copy(), await waiting()]).toEqual([null, 1]);
  await write('undo', replayed.run);
  expect([await copy(), await waiting()]).toEqual(['{"original":{"n":1}}', 0]);
});
