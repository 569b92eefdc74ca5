import { readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { answerOf, expectFailure, expectFits, expectGolden } from './answer.ts';
import { homeForTest } from './jobctl.ts';

const config = `version: 1
default: staging
contexts:
  staging:
    url: 'memory:'
  prod:
    url: 'postgres://app:\${DB_PASSWORD}@db.example.org/jobs'
    protected: true
  mirror:
    url: 'memory:'
    readOnly: true
`;

it('config init writes a file that config check finds fine, and never overwrites', async () => {
  const home = await homeForTest();
  expect(await home.run(['config', 'check'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('config init'),
  });
  expect(await home.run(['config', 'init'])).toMatchObject({ code: 0, stdout: expect.stringContaining('jobctl.yaml') });
  const written = await readFile(join(home.folder, 'jobctl.yaml'), 'utf8');
  expect(await home.run(['config', 'check'])).toMatchObject({ code: 0, stderr: '' });
  const check = answerOf(await home.run(['config', 'check', '--json']), 'config-check');
  expect(check).toMatchObject({ ok: true, files: [join(home.folder, 'jobctl.yaml')], issues: [] });
  expectFailure(await home.run(['config', 'init']), 2, /is there already; it was left as it is/);
  const within = await home.run(['config', 'init', '--file', 'jobctl.yaml/jobctl.yaml']);
  expectFailure(within, 2, /cannot be written: a part of its path is no folder/);
  expect(await readFile(join(home.folder, 'jobctl.yaml'), 'utf8')).toBe(written);
});

it('config check says every fault as JSON too', async () => {
  const home = await homeForTest();
  await home.file('jobctl.yaml', 'version: 1\ncontexts:\n  a:\n    url: 5\n    protectd: true\n');
  const ended = await home.run(['config', 'check', '--json']);
  expect(ended.code).toBe(2);
  expect(answerOf(ended, 'config-check')).toMatchObject({ ok: false, issues: [{ line: 4 }, { line: 5 }] });
});

it('config schema prints the JSON Schema of the file', async () => {
  const home = await homeForTest();
  const [text, json] = await Promise.all([home.run(['config', 'schema']), home.run(['config', 'schema', '--json'])]);
  expect(JSON.parse(text.stdout)).toEqual(JSON.parse(json.stdout));
  expect(JSON.parse(text.stdout)).toMatchObject({ type: 'object', properties: { contexts: expect.anything() } });
});

it('context list, use and show: which backend, and who decided that', async () => {
  const home = await homeForTest();
  await home.file('jobctl.yaml', config);
  const env = { DB_PASSWORD: 'pw-in-variable' };
  const list = await home.run(['context', 'list'], { env });
  expect(list).toMatchObject({ code: 0, stderr: '' });
  expectFits(list.stdout);
  await expectGolden('context-list', list.stdout);
  const { contexts } = answerOf<{ contexts: { name: string; current: boolean }[] }>(
    await home.run(['context', 'list', '--json'], { env }),
    'context-list',
  );
  expect(contexts.filter(({ current }) => current).map(({ name }) => name)).toEqual(['staging']);
  const elsewhere = await home.run(['context', 'list'], { env: { ...env, JOBCTL_URL: 'memory:' } });
  expect(elsewhere.stdout).not.toContain('*');
  expect(elsewhere.stderr).toBe('JOBCTL_URL is set in this shell and comes first.\n');

  const used = await home.run(['context', 'use', 'prod'], { env });
  expect(used).toMatchObject({ code: 0, stdout: 'The context is now prod, which is protected.\n' });
  const shown = await home.run(['context', 'show'], { env });
  expect(shown.stdout).not.toContain('pw-in-variable');
  await expectGolden('context-show', shown.stdout);
  const other = await home.run(['context', 'show', '-c', 'mirror', '--json'], { env });
  expect(JSON.parse(other.stdout)).toMatchObject({ name: 'mirror', origin: '--context', readOnly: true });
  expectFailure(await home.run(['context', 'use', 'prd'], { env }), 2, /no context "prd".*Did you mean prod\?/);
  expect(await home.run(['stats', '-c', 'staging'], { env })).toMatchObject({ code: 0 });
});

it('help and the version come without a backend, at 80 columns', async () => {
  const home = await homeForTest();
  expect((await home.run(['--version'])).stdout).toMatch(/^jobctl\/\d+\.\d+\.\d+ /);
  for (const command of [
    ['replay', '--help'],
    ['dlq', 'groups', '--help'],
    ['undo', '--help'],
  ]) {
    const { stdout, code } = await home.run(command);
    expect(code).toBe(0);
    expectFits(stdout);
    expect(stdout, 'an alternative that is none').not.toMatch(/\|\s*[|\]]/);
  }
});

it('keeps the runs where the configuration says, and the finished ones as long as it says', async () => {
  const home = await homeForTest();
  const shop = fileURLToPath(new URL('shop.ndjson', import.meta.url));
  await home.file(
    'jobctl.yaml',
    `version: 1\ncontexts: {shop: {url: 'memory:${shop}'}}\nbackups: {folder: ops, retention: 30d}\n`,
  );
  const ops = join(home.folder, 'ops', 'runs');
  const replay = () => home.run(['replay', 'email', '--limit', '1', '--yes'], { env: { JOBCTL_STATE_DIR: '' } });
  expect(await replay()).toMatchObject({ code: 0 });
  const [first = ''] = await readdir(ops);
  expect(await readdir(home.folder)).not.toContain('state');
  const old = first.replace(/^\d{8}/, '20200101');
  await rename(join(ops, first), join(ops, old));
  expect(await replay()).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('1 run older than backups.retention'),
  });
  expect(await readdir(ops)).toEqual([expect.not.stringContaining('20200101')]);
  const audit = (await readFile(join(home.folder, 'ops', 'audit.ndjson'), 'utf8')).trim().split('\n');
  expect(JSON.parse(audit.at(-1) ?? '')).toMatchObject({ verb: 'retention', outcome: expect.stringContaining(old) });
});
