import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { defer, makeDead } from '../setup/procrastinate.ts';
import { answerOf } from './answer.ts';
import { type Ended, type Home, makeHome } from './jobctl.ts';
import { type Shop, shopForFile } from './shop.ts';

const shop: Shop = await shopForFile();
const secrets = ['hunter2', 'tok-5f3a', '4111111111111111', 'db-s3cret', 'url-s3cret'];
const payload = {
  to: 'a@example.org',
  password: 'hunter2',
  auth: { accessToken: 'tok-5f3a' },
  items: [{ card_number: '4111111111111111' }],
  note: 'see postgres://app:db-s3cret@db.internal/jobs',
};
let home: Home;
let id: string;

beforeAll(async () => {
  const url = new URL(shop.url);
  url.password = 'url-s3cret';
  home = await makeHome(url.href);
  await home.file(
    'leaky.ndjson',
    `${JSON.stringify({ queue: 'email', id: '1', type: 'x', state: 'dead', payload, error: { message: 'login failed: password=hunter2', stack: 'Error\n at postgres://app:db-s3cret@db/jobs' } })}\n`,
  );
  [id] = (await makeDead(shop.database.pool, 1, { queue: 'vault', type: 'vault.open', args: payload })) as [string];
  return () => home.remove();
});

const textOf = ({ stdout, stderr }: Ended): string => `${stdout}${stderr}`;
const expectHidden = (text: string): void => {
  for (const secret of secrets) expect(text).not.toContain(secret);
};

describe('payload secrets', () => {
  it.each([
    'job list vault',
    'job list vault --json',
    'job list vault --ndjson',
    'job show ID --full',
    'job show ID --json',
    'dlq groups vault',
    'dlq export vault',
    'replay vault --dry-run',
    'job edit ID --set password="n3w" --dry-run',
  ])('are redacted by %s, and in its messages', async (command) => {
    const ended = await home.warm(command.replace('ID', id).split(' '));
    expect(ended.code).toBe(0);
    expectHidden(textOf(ended));
    expect(textOf(ended)).not.toContain('n3w');
  });

  it.each(['job show 1 --full', 'dlq list', 'dlq groups email', 'dlq export email', 'dlq list --json'])(
    'in an error text are redacted by %s',
    async (command) => {
      const ended = await home.warm(command.split(' '), { env: { JOBCTL_URL: 'memory:leaky.ndjson' } });
      expect(ended.code).toBe(0);
      expectHidden(textOf(ended));
    },
  );

  it('are not shown where that cannot be put into the audit log, and the command ends', async () => {
    await mkdir(join(home.folder, 'taken', 'audit.ndjson'), { recursive: true });
    const env = { JOBCTL_STATE_DIR: join(home.folder, 'taken') };
    const ended = await home.run(['job', 'show', id, '--show-sensitive'], { env });
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('audit.ndjson') });
  });

  it('are shown with --show-sensitive, and that is in the audit log', async () => {
    const ended = await home.run(['job', 'show', id, '--show-sensitive', '--json']);
    expect(answerOf(ended, 'job-show')).toMatchObject({ job: { payload } });
    const lines = (await readFile(join(home.stateDir, 'audit.ndjson'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toContainEqual(
      expect.objectContaining({ showSensitive: true, command: ['job', 'show', id, '--show-sensitive', '--json'] }),
    );
  });
});

describe('the password of the URL', () => {
  it.each([
    [0, 'stats --json'],
    [0, 'context show'],
    [0, 'capabilities'],
    [0, 'replay vault --yes --json'],
    [0, 'run list'],
    [2, 'stats no-such-queue --debug'],
  ] as const)('exit %d: never in what is printed by %s', async (code, command) => {
    const ended = await home.warm(command.split(' '));
    expect(ended.code).toBe(code);
    expectHidden(textOf(ended));
  });

  it('is in no message when the server cannot be reached, not even with --debug', async () => {
    const env = { JOBCTL_URL: 'postgres://app:url-s3cret@127.0.0.1:1/jobs' };
    const ended = await home.run(['stats', '--debug'], { env });
    expect(ended).toMatchObject({ code: 8, stdout: '', stderr: expect.stringMatching(/^\s+at /m) });
    expectHidden(textOf(ended));
  });

  it('is refused as the value of a flag, and not repeated', async () => {
    const ended = await home.run(['stats', '--url', 'postgres://app:url-s3cret@127.0.0.1:1/jobs']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expectHidden(textOf(ended));
  });
});

it('everything that is written is for its owner alone, and only the backup holds the payload', async () => {
  await home.run(['replay', 'vault', '--yes']);
  await home.run(['dlq', 'export', 'vault', '--output', 'state/export.ndjson']);
  const files = await readdir(home.stateDir, { recursive: true, withFileTypes: true });
  expect(files.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['audit.ndjson', 'backup.ndjson.zst', 'plan.json']),
  );
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    expect(((await stat(path)).mode & 0o777).toString(8), path).toBe(file.isDirectory() ? '700' : '600');
    if (file.isFile() && !file.name.endsWith('.zst')) expectHidden(await readFile(path, 'utf8'));
  }
});

describe('what could steer the terminal', () => {
  const evil = '\x1b[2J\x1b]0;owned\x07\u009b31m\u202eevil\r';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not appear
  const raw = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;

  beforeAll(async () => {
    const job = { queue: `q${evil}`, type: `t${evil}`, args: { [`k${evil}`]: `v${evil}` } };
    await makeDead(shop.database.pool, 1, job);
    await defer(shop.database.pool, job);
  });

  const commands: string[][] = [
    ['stats'],
    ['stats', '--json'],
    ['stats', '--by', 'type'],
    ['job', 'list'],
    ['job', 'list', '--json'],
    ['job', 'list', '--ndjson'],
    ['dlq', 'groups'],
    ['dlq', 'export', `q${evil}`],
    ['replay', `q${evil}`, '--dry-run'],
    ['replay', `q${evil}`],
    ['purge', `q${evil}`, '--state', 'waiting', '--confirm', `x${evil}`],
    ['stats', `none${evil}`],
    ['job', 'show', evil],
    [`no${evil}`],
    ['stats', `--no${evil}`],
    ['dlq', 'list', '--where', `payload.${evil}`],
    ['dlq', 'list', '--error', `/(${evil}/`, '--json'],
  ];

  it.each(commands.map((args) => ({ args })))('is never printed raw by $args', async ({ args }) => {
    const ended = await home.warm(args);
    expect(textOf(ended)).not.toMatch(raw);
    expect(textOf(ended).length).toBeGreaterThan(20);
  });
});
