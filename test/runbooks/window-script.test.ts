import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { endOf, homeForTest, program, until } from '../e2e/jobctl.ts';
import { shopForFile } from '../e2e/shop.ts';
import { readRunbook } from './runbook.ts';

const shop = await shopForFile();
const { files } = readRunbook(
  readFileSync(new URL('../../docs/runbooks/maintenance-window.md', import.meta.url), 'utf8'),
);

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'the script of docs/runbooks/maintenance-window.md lets the workers go on, also after %s',
  async (signal) => {
    const home = await homeForTest();
    await shop.database.pool.query(`UPDATE procrastinate_jobs SET status = 'todo' WHERE status = 'doing'`);
    await mkdir(join(home.folder, 'bin'));
    const jobctl = await home.file('bin/jobctl', `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
    await chmod(jobctl, 0o755);
    await home.file('replicas', '3\n');
    await home.file(
      'jobctl.yaml',
      `version: 1
contexts:
  shop:
    url: ${shop.url}
    queues:
      email: { pause: { command: echo 0 >replicas, resume: echo $found >replicas, status: cat replicas } }
`,
    );
    await home.file('window.sh', files['window.sh'] ?? '');
    const child = spawn('/bin/sh', ['window.sh', 'sh', '-c', 'touch begun; exec sleep 30'], {
      cwd: home.folder,
      env: { ...home.env, PATH: `${join(home.folder, 'bin')}:${home.env['PATH']}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own, as a terminal makes one
    });
    const ended = endOf(child);
    await until('the work', () => existsSync(join(home.folder, 'begun')));
    expect(await readFile(join(home.folder, 'replicas'), 'utf8')).toBe('0\n');
    process.kill(-(child.pid ?? 0), signal);
    const { code, stderr } = await ended;
    expect(await readFile(join(home.folder, 'replicas'), 'utf8'), stderr).toBe('3\n');
    expect(code).toBeGreaterThan(128);
  },
);
