import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { memoryAdapter } from '../../src/adapters/memory/index.ts';
import { readOnly } from '../../src/adapters/wrap/read-only.ts';
import { openDesks } from '../../src/cli/desks.ts';
import { lookAt } from '../../src/cli/look-at.ts';
import type { Session } from '../../src/cli/session.ts';
import type { QueueReader } from '../../src/domain/adapter.ts';
import type { Report } from '../../src/domain/plan.ts';
import type { Order } from '../../src/operations/order.ts';
import { Answers } from '../../src/top/ask.ts';
import type { Desk, Talk } from '../../src/top/desk.ts';

let folder: string;
const before = process.env['JOBCTL_STATE_DIR'];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jobctl-desk-'));
  process.env['JOBCTL_STATE_DIR'] = folder;
});
afterEach(async () => {
  if (before === undefined) delete process.env['JOBCTL_STATE_DIR'];
  else process.env['JOBCTL_STATE_DIR'] = before;
  await rm(folder, { recursive: true, force: true });
});

async function open(): Promise<Desk> {
  const seed = join(folder, 'seed.ndjson');
  const job = (id: string) => JSON.stringify({ queue: 'e mail', id, state: 'dead', error: { message: 'timed out' } });
  await writeFile(seed, ['1', '2', '3'].map(job).join('\n'));
  const [desk] = await openDesks({ url: `memory:${seed}`, timeout: '5s', json: false });
  return desk as Desk;
}

const talk = (more: Partial<Talk> = {}): Talk => ({
  dryRun: false,
  signal: new AbortController().signal,
  plan: () => {},
  progress: () => {},
  yesNo: async () => true,
  text: async () => 'e mail',
  ...more,
});
const replay: Order = { verb: 'replay', queue: 'e mail', narrow: { ids: ['1'] } };
const purge: Order = { verb: 'remove', queue: 'e mail', narrow: {} };
const dead = async (desk: Desk): Promise<number | undefined> => (await desk.look()).queues[0]?.counts.dead;

it('makes a dry run of every write until it is unlocked, whatever it is asked for', async () => {
  const desk = await open();
  expect(await desk.write(replay, talk())).toMatchObject({ dryRun: true, matched: 1 });
  expect(await dead(desk)).toBe(3);
  desk.unlock(true);
  expect(await desk.write(replay, talk())).toMatchObject({ dryRun: false, outcomes: { done: 1 } });
  expect(await dead(desk)).toBe(2);
  desk.unlock(false);
  expect(await desk.write(purge, talk())).toMatchObject({ dryRun: true });
});

it('asks as the command line does: yes for a replay, the name for what removes', async () => {
  const desk = await open();
  desk.unlock(true);
  await expect(desk.write(replay, talk({ yesNo: async () => false }))).rejects.toMatchObject({ kind: 'cancelled' });
  await expect(desk.write(purge, talk({ text: async () => 'yes' }))).rejects.toMatchObject({ kind: 'refused' });
  expect(await dead(desk)).toBe(3);
  expect(await desk.write(purge, talk({ yesNo: async () => false }))).toMatchObject({ outcomes: { done: 3 } });
});

it('can be undone, and leaves in the audit the command that would have done the same', async () => {
  const desk = await open();
  desk.unlock(true);
  const { run = '' } = (await desk.write(replay, talk())) as Report;
  expect(await desk.write({ verb: 'undo', run }, talk())).toMatchObject({ verb: 'undo', outcomes: { done: 1 } });
  expect((await desk.runs('e mail')).map(({ verb }) => verb)).toEqual(['undo', 'replay']);
  const audit = (await readFile(join(folder, 'audit.ndjson'), 'utf8')).trim().split('\n');
  expect(JSON.parse(audit[0] ?? '')).toMatchObject({
    command: ['replay', 'e mail', '--id', '1', '--url', expect.any(String)],
  });
});

it('pauses, resumes, and exports without secrets to a file of its owner', async () => {
  const desk = await open();
  desk.unlock(true);
  await desk.write({ verb: 'pause', queue: 'e mail' }, talk());
  expect((await desk.look()).queues[0]?.paused).toBe(true);
  await desk.write({ verb: 'resume', queue: 'e mail' }, talk());
  expect((await desk.look()).queues[0]?.paused).toBe(false);
  const file = join(folder, 'dead.ndjson');
  expect(await desk.write({ verb: 'export', queue: 'e mail', narrow: {}, file }, talk())).toContain('3 dead jobs');
  expect((await readFile(file, 'utf8')).trim().split('\n')).toHaveLength(3);
});

it('takes the targets of queues and lanes from the configuration, and tells what leads a command to the same place', async () => {
  const config = join(folder, 'jobctl.yaml');
  await writeFile(
    config,
    `version: 1
contexts:
  shop:
    url: "memory:"
    queues:
      mail: { target: 5m, lanes: { express: { target: 1m }, bulk: {} } }
      push: { lanes: { express: { target: 90s } } }
      quiet: { lanes: { bulk: {} } }
`,
  );
  const [desk] = await openDesks({ context: ['shop'], config, timeout: '5s', json: false });
  expect(desk?.flags).toEqual(['-c', 'shop', '--config', config]);
  expect((await open()).flags).toEqual(['--url', `memory:${join(folder, 'seed.ndjson')}`]);
  expect(desk?.targets).toEqual({
    mail: { queue: 300, lanes: { express: 60 } },
    push: { queue: undefined, lanes: { express: 90 } },
  });
});

const session = (more: Partial<QueueReader>) => {
  const adapter = memoryAdapter({ jobs: [{ queue: 'mail', state: 'dead' }] });
  const reader = { ...readOnly(adapter, 'only read'), ...more };
  return { reader, adapter, stateDir: folder, context: { queues: {} } } as unknown as Session;
};
const closed = () => Promise.reject(new Error('Lambda does not answer'));

it('looks at the queues all the same where nobody tells of the workers, and at attributes alone where a look is a receive', async () => {
  expect(await lookAt(session({ workers: closed }))).toMatchObject({ queues: [{ queue: 'mail' }], workers: undefined });
  let asked = 0;
  const workers = async () => {
    asked += 1;
    return [{ id: 'a', queue: 'mail', silent: false }];
  };
  expect((await lookAt(session({ workers }))).workers).toEqual({
    alive: 1,
    silent: 0,
    byQueue: { mail: { alive: 1, silent: 0 } },
  });
  await lookAt(session({ workers, reads: 'receive' }));
  expect(asked).toBe(1);
});

it('opens a queue all the same, and says what it could not learn', async () => {
  const { reader } = session({ workers: closed, schedules: closed });
  const desk = { ...(await open()), reader: async () => reader, runs: async () => [] };
  const answer = await new Answers().ask(desk, 1, { kind: 'queue', queue: 'mail' });
  expect(answer).toMatchObject({
    facts: {
      stats: { queue: 'mail' },
      missing: ['workers: Lambda does not answer', 'schedules: Lambda does not answer'],
    },
  });
});

it('asks the services around SQS once a minute for a screen that stays open', async () => {
  let asked = 0;
  const workers = async () => {
    asked += 1;
    return [
      { id: 'mine', queue: 'mail', silent: false },
      { id: 'other', queue: 'push', silent: false },
    ];
  };
  const times = async (reads: 'peek' | 'receive') => {
    asked = 0;
    const { reader } = session({ workers, reads });
    const desk = { ...(await open()), reader: async () => reader, runs: async () => [] };
    const answers = new Answers();
    for (let n = 0; n < 3; n += 1)
      expect(await answers.ask(desk, 1, { kind: 'queue', queue: 'mail' })).toMatchObject({
        facts: { workers: [{ id: 'mine' }] },
      });
    answers.forget(1);
    await answers.ask(desk, 1, { kind: 'queue', queue: 'mail' });
    return asked;
  };
  expect(await times('receive')).toBe(2);
  expect(await times('peek')).toBe(4);
});
