import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { hookPauses } from '../../src/cli/hook-pauses.ts';
import { until } from '../e2e/jobctl.ts';

const place = { context: 'shop', timeoutMs: 500, remembered: async () => undefined };

it('a command that runs over its time is stopped with what it has started', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jobctl-hook-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'pid');
  const pauses = hookPauses({ command: `sleep 60 & echo $! >'${path}'; wait`, resume: 'true' }, place);
  await expect(pauses.pause('email')).rejects.toMatchObject({
    kind: 'timeout',
    message: expect.stringContaining('did not end within 0.5 s'),
  });
  const pid = Number(await readFile(path, 'utf8'));
  await until('its end', () => !isRunning(pid));
});

it('a command that fails is told with its last words', async () => {
  const pauses = hookPauses({ command: 'echo first >&2; echo no such deployment >&2; exit 3', resume: 'true' }, place);
  await expect(pauses.pause('email')).rejects.toMatchObject({
    kind: 'unreachable',
    message: expect.stringMatching(/ended with 3\. no such deployment$/),
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // an orphan that nobody has collected yet is gone all the same
    return !existsSync('/proc/self') || !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
