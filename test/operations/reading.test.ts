import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { memoryAdapter } from '../../src/adapters/memory/index.ts';
import type { Job } from '../../src/domain/job.ts';
import { exportJobs } from '../../src/operations/export-jobs.ts';
import { groupDead } from '../../src/operations/group-dead.ts';

const selection = { queues: ['email'], states: ['dead' as const] };

const backend = (messages: readonly string[]) =>
  memoryAdapter({
    jobs: messages.map((message) => ({ queue: 'email', state: 'dead', type: 'email.send', error: { message } })),
  });

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'jobctl-export-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const shown = ({ id, payload }: Job) => ({ id, payload });

describe('an export', () => {
  it('writes one job a line, for its owner only, past the end of a page', async () => {
    const path = join(await folder(), 'dead.ndjson');
    const memory = backend(Array.from({ length: 2500 }, () => 'x'));
    expect(await exportJobs(memory, selection, {}, shown, { path })).toEqual({ jobs: 2500, more: false, file: path });
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBe(2500);
    expect(JSON.parse(lines[1] ?? '')).toEqual({ id: '2', payload: '{}' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('says when there is more than its limit', async () => {
    const path = join(await folder(), 'dead.ndjson');
    expect(await exportJobs(backend(['a', 'b', 'c']), selection, {}, shown, { path, limit: 2 })).toMatchObject({
      jobs: 2,
      more: true,
    });
    expect((await readFile(path, 'utf8')).split('\n').length).toBe(3);
  });

  it('never writes over a file, and says why it cannot write', async () => {
    const path = join(await folder(), 'dead.ndjson');
    await exportJobs(backend(['a']), selection, {}, shown, { path });
    const before = await readFile(path, 'utf8');
    const again = exportJobs(backend(['a', 'b']), selection, {}, shown, { path });
    await expect(again).rejects.toMatchObject({ code: 'JOBCTL_USAGE' });
    expect(await readFile(path, 'utf8')).toBe(before);
    const nowhere = exportJobs(backend(['a']), selection, {}, shown, { path: join(path, 'below', 'a-file') });
    await expect(nowhere).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      message: expect.stringContaining('cannot be written: a part of its path is no folder'),
    });
  });
});

describe('groups of dead jobs', () => {
  const messages = [
    ...Array.from({ length: 30 }, (_, n) => `user ${n} not found`),
    'timeout after 30 s',
    'timeout after 5 s',
  ];

  it('are made over everything that matches, largest first', async () => {
    const { groups, complete, scanned } = await groupDead(backend(messages), selection, {}, { by: 'error' });
    expect(complete).toBe(true);
    expect(scanned).toBe(32);
    expect(groups.map(({ count }) => count)).toEqual([30, 2]);
  });

  it('say when not everything was looked at', async () => {
    expect(await groupDead(backend(messages), selection, {}, { by: 'error', scan: 10 })).toMatchObject({
      complete: false,
      scanned: 10,
    });
    expect(await groupDead(backend(messages), selection, {}, { by: 'error', scan: 32 })).toMatchObject({
      complete: true,
    });
  });

  it('count only what the tests of the selection leave', async () => {
    const error = (job: Job) => /timeout/.test(job.error?.message ?? '');
    const { scanned } = await groupDead(
      backend(messages),
      { ...selection, error: 'timeout' },
      { error },
      { by: 'error' },
    );
    expect(scanned).toBe(2);
  });
});
