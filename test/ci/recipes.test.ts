import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { runWorker } from '../../src/demo/worker.ts';
import { type Ended, endOf, type Home, homeForTest } from '../e2e/jobctl.ts';
import { createProcrastinate } from '../setup/databases.ts';
import { defer } from '../setup/procrastinate.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const recipe = (name: string): unknown => parse(readFileSync(join(root, 'docs/ci', name), 'utf8'));

const github = recipe('github-actions.yml') as { jobs: { smoke: { steps: { run?: string }[] } } };
const gitlab = recipe('gitlab-ci.yml') as { smoke: { script: string[] } };
const lines = {
  github: github.jobs.smoke.steps.flatMap(({ run }) => (run === undefined ? [] : [run])),
  gitlab: gitlab.smoke.script,
};

/** What `npm install` makes of the packed package; its dependencies are those of this checkout, so that no registry is asked. */
function install(home: Home): void {
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', home.folder], { cwd: root });
  const folder = join(home.folder, 'node_modules/jobctl');
  mkdirSync(join(home.folder, 'node_modules/.bin'), { recursive: true });
  mkdirSync(folder);
  const tarball = join(
    home.folder,
    `jobctl-${(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version}.tgz`,
  );
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  symlinkSync('../jobctl/bin/run.js', join(home.folder, 'node_modules/.bin/jobctl'));
}

const shell = (home: Home, line: string, env: Readonly<Record<string, string>>): Promise<Ended> =>
  endOf(
    spawn('/bin/sh', ['-e', '-c', line], {
      cwd: home.folder,
      env: { ...home.env, CI: 'true', npm_config_offline: 'true', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 25_000,
    }),
  );

it('the shell lines of both recipes do what they say, with the package as it is published', async () => {
  for (const all of Object.values(lines)) expect(all[0]).toBe('npm install --no-save jobctl');
  const { pool, url, schema, drop } = await createProcrastinate('3.9');
  onTestFinished(drop);
  await defer(pool, { queue: 'email', type: 'email' });
  const home = await homeForTest();
  install(home);
  const summary = await home.file('summary.md', '');
  const env = { JOBCTL_URL: url, GITHUB_SHA: 'c0ffee', CI_COMMIT_SHA: 'c0ffee', GITHUB_STEP_SUMMARY: summary };

  // nobody has deployed a worker yet: the step fails with the smoke test
  for (const line of lines.gitlab.slice(1)) {
    const { code, stderr } = await shell(home, line.replace('60s', '1s'), env);
    expect(code, stderr).toBe(9);
  }
  expect(await readFile(join(home.folder, 'smoke.xml'), 'utf8')).toContain('failures="1"');

  const stop = new AbortController();
  const ran: unknown[] = [];
  const handlers = { email: async ({ args }: { args: unknown }) => void ran.push(args) };
  const worker = runWorker({ url, schema, handlers, pollMs: 100, signal: stop.signal });
  try {
    for (const line of lines.github.slice(1)) {
      const { code, stdout, stderr } = await shell(home, line, env);
      expect(code, `${line}\n${stdout}${stderr}`).toBe(0);
    }
  } finally {
    stop.abort();
    await worker;
  }
  expect(await readFile(join(home.folder, 'smoke.xml'), 'utf8')).toContain('failures="0"');
  expect(await readFile(summary, 'utf8')).toContain('✅ jobctl smoke email');
  expect(ran).toContainEqual({ to: 'release@example.org' });
}, 60_000);
