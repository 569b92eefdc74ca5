import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { endOf, program } from './jobctl.ts';

/** As in a container that runs under a number which its /etc/passwd does not hold. Only root can become one. */
const nobody = 54_321;

it.runIf(process.getuid?.() === 0)(
  'a user without a name and a home can look, and is told where to keep runs',
  async () => {
    const run = (args: string[], env: Record<string, string> = {}) =>
      endOf(
        spawn(process.execPath, [program, ...args], {
          cwd: '/',
          env: { PATH: process.env['PATH'], JOBCTL_URL: 'memory:', ...env },
          uid: nobody,
          gid: nobody,
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      );
    expect(await run(['stats'])).toMatchObject({ code: 0, stderr: '' });
    expect(await run(['stats'], { HOME: '/' })).toMatchObject({ code: 0, stderr: '' });
    const refused = await run(['enqueue', 'email', '--new-queue', '--yes']);
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('set JOBCTL_STATE_DIR') });
  },
);
