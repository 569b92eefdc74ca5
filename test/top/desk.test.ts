import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDesks } from '../../src/cli/desks.ts';
import type { Report } from '../../src/domain/plan.ts';
import type { Order } from '../../src/operations/order.ts';
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
  expect(JSON.parse(audit[0] ?? '')).toMatchObject({ command: ['replay', 'e mail', '--id', '1'] });
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
