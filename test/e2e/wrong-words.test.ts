import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorOf, expectFailure } from './answer.ts';
import { type Home, makeHome } from './jobctl.ts';

let home: Home;
beforeAll(async () => {
  home = await makeHome('memory:shop.ndjson');
  await copyFile(new URL('shop.ndjson', import.meta.url), join(home.folder, 'shop.ndjson'));
  return () => home.remove();
});

/** Exit code 2: what was typed is wrong, and the message says what comes near or how it is written. */
const typos: [args: string[], message: RegExp][] = [
  [['stats', 'emial'], /no queue "emial" .* Did you mean email\?/],
  [['replay', 'zzzzzzzzz', '--yes'], /There are: email, reports\./],
  [['staats'], /no command "staats".* jobctl stats/],
  [['dlq', 'lsit'], /no command "dlq lsit".* jobctl dlq list/],
  [['staats', 'email'], /no command "staats email".* jobctl stats/],
  [['dlq', 'lsit', 'email'], /no command "dlq lsit email".* jobctl dlq list/],
  [['help', 'staats'], /no command "staats".* jobctl stats/],
  [['help', 'dlq', 'lsit'], /no command "dlq lsit".* jobctl dlq list/],
  [['staats', '--help'], /no command "staats".* jobctl stats/],
  [['dlq', 'lsit', '-h'], /no command "dlq lsit".* jobctl dlq list/],
  [['stats', '--jsn'], /--jsn.*Did you mean --json\?/],
  [['job', 'list', '--state', 'ded'], /--state=ded.* one of: waiting, delayed, active, completed, dead/],
  [['dlq', 'list', '--older-than', '5x'], /5x/],
  [['dlq', 'list', '--older-than', '30'], /30.*90s/],
  [['dlq', 'list', '--newer-than', '2026-13-45'], /2026-13-45/],
  [['dlq', 'list', '--where', 'payload.n >'], /--where "payload.n >"/],
  [['dlq', 'list', '--where', 'nope.n > 1'], /--where "nope.n > 1".*nope/],
  [['dlq', 'list', '--where', 'payload.to'], /gives \w+, not true or false/],
  [['dlq', 'list', '--where', 'type == "x"'], /write job\.type/],
  [['dlq', 'list', '--where', 'payload.n + 1 > 2'], /write 1\.0 for 1/],
  [['dlq', 'list', '--error', '/(oops/'], /--error \/\(oops\/ is not a regular expression/],
  [['dlq', 'list', '--group', 'timeouts'], /--group timeouts is not a group.*dlq groups/],
  [['replay', 'email', '--rate', 'fast'], /fast/],
  [['replay', 'email', '--limit', '0'], /--limit: expected an integer greater than or equal to 1 but received: 0/],
  [['dlq', 'resolve', 'email', '--yes'], /Missing required flag --note/],
  [['replay', 'email', '--batch', 'many'], /many/],
  [['stats', '--timeout', 'soon'], /soon/],
  [['job', 'show', '4711'], /There is no job 4711/],
  [['dlq', 'show', '104'], /Job 104 is waiting, not dead/],
  [['job', 'edit', '101', '--set', 'n=what', '--yes'], /not JSON/],
  [['job', 'edit', '101', '--set', 'a.b.c=1', '--yes'], /the payload has no a\.b/],
  [['run', 'show', 'nonsense'], /There is no run "nonsense"/],
  [['backup', 'verify', './nowhere.zst'], /no readable file/],
  [['backup', 'verify', '/'], /no readable file/],
  [['stats', '-c', 'prod'], /no context "prod"/],
  [['stats', '--every', '5'], /"5" is not a duration/],
  [['stats', '--config', 'nowhere.yaml'], /nowhere\.yaml cannot be read: there is no such file.* jobctl config init/],
  [['job', 'edit', '101', '--file', 'nowhere.json'], /nowhere\.json cannot be read: there is no such file/],
  [['enqueue', 'email', '--file', 'nowhere.ndjson', '--yes'], /nowhere\.ndjson cannot be read.* --file FILE/],
  [['dlq', 'export', 'email', '--output', 'no/where.ndjson'], /where\.ndjson cannot be written: there is no such/],
  [['replay', 'email', '--plan-out', 'no/where.json'], /where\.json cannot be written: there is no such.* mkdir -p /],
];

it.each(typos)('%j is a usage error that helps', async (args, message) => {
  expectFailure(await home.warm(args), 2, message);
});

it('is one JSON object under --json, with the same exit code', async () => {
  for (const args of [
    ['stats', 'emial', '--json'],
    ['staats', '--json'],
    ['stats', '--jsn', '--json'],
  ]) {
    const ended = await home.run(args);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(errorOf(ended)).toMatchObject({ code: 'JOBCTL_USAGE', exitCode: 2, next: expect.anything() });
  }
});

it('shows a stack trace under --debug alone', async () => {
  expect((await home.run(['stats', 'emial', '--debug'])).stderr).toMatch(/^\s+at /m);
});

describe('the configuration', () => {
  it('a key that does not exist is told with its line and the one that was meant', async () => {
    await home.file('wrong.yaml', "version: 1\ncontexts:\n  prod:\n    url: 'memory:'\n    protectd: true\n");
    expectFailure(await home.run(['stats', '--config', 'wrong.yaml']), 2, /wrong\.yaml:5:5.*"protectd".*protected\?/);
    const check = await home.run(['config', 'check', '--config', 'wrong.yaml']);
    expect(check).toMatchObject({ code: 2, stderr: '', stdout: expect.stringContaining('wrong.yaml:5:5') });
  });

  it.each([
    ['version: 1\ncontexts: [', /broken\.yaml:\d/],
    ['version: 1\ncontexts:\n  p:\n    url: "postgres://u:pw@h/d"\n', /broken\.yaml:4.*holds a password/],
    ['version: 1\ncontexts:\n  p:\n    url: "postgres://u:${NO_SUCH_VARIABLE}@h/d"\n', /NO_SUCH_VARIABLE/],
    ['version: 1\ncontexts:\n  p:\n    url: "mysql://h/d"\n', /must begin with postgres:\/\//],
  ])('%j is refused with its place', async (text, message) => {
    await home.file('broken.yaml', text);
    const ended = await home.run(['stats', '--config', 'broken.yaml'], { env: { JOBCTL_URL: '' } });
    expectFailure(ended, 2, message);
    expect(ended.stderr).not.toContain('u:pw');
  });

  it('none at all says how to begin', async () => {
    expectFailure(await home.run(['stats'], { env: { JOBCTL_URL: '' } }), 2, /No backend is configured.*config init/);
  });
});
