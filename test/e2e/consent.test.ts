import { afterEach, beforeAll, expect, it } from 'vitest';
import { answerOf, errorOf, expectFailure } from './answer.ts';
import { type Home, makeHome } from './jobctl.ts';
import { shopForFile } from './shop.ts';

const shop = await shopForFile();
let home: Home;
let before: unknown;

beforeAll(async () => {
  home = await makeHome(shop.url);
  await home.file(
    'jobctl.yaml',
    [
      'version: 1',
      'contexts:',
      `  live: { url: "${shop.url}", protected: true }`,
      `  looking: { url: "${shop.url}", readOnly: true }`,
      '',
    ].join('\n'),
  );
  before = await shop.dump();
  return () => home.remove();
});

/** Nothing that is refused may have touched a row. */
afterEach(async () => expect(await shop.dump()).toEqual(before));

const refusals: [name: string, args: string[], code: number, message: RegExp][] = [
  ['a write without a terminal', ['replay', 'email'], 4, /without a terminal nobody is asked..*next: Add --yes/],
  ['a write with --no-input', ['replay', 'email', '--no-input'], 4, /with --no-input nobody is asked/],
  ['a purge without a terminal', ['purge', 'email'], 4, /next: Add --confirm email/],
  ['a purge with --yes', ['purge', 'email', '--yes'], 4, /--yes is not enough.*--confirm email/],
  ['a removal with --yes', ['job', 'remove', '1', '--yes'], 4, /--yes is not enough/],
  ['a purge of the dead with --yes', ['dlq', 'purge', 'email', '--yes'], 4, /--yes is not enough/],
  ['the name of another queue', ['purge', 'email', '--confirm', 'reports'], 4, /says "reports", but .* "email"/],
  ['--dry-run with --yes', ['replay', 'email', '--dry-run', '--yes'], 2, /--yes.*--dry-run/],
];

it.each(refusals)('%s is refused', async (_name, args, code, message) => {
  expectFailure(await home.warm(args), code, message);
});

it('refuses with --json, and says so in JSON', async () => {
  const ended = await home.run(['replay', 'email', '--json']);
  expect(ended).toMatchObject({ code: 4, stdout: '' });
  expect(errorOf(ended)).toMatchObject({ code: 'JOBCTL_REFUSED', exitCode: 4, next: ['Add --yes'] });
});

const inContext = (context: string, args: string[]) => home.run([...args, '-c', context], { env: { JOBCTL_URL: '' } });

it('wants the name in a protected context, also for what --yes would do elsewhere', async () => {
  expectFailure(await inContext('live', ['replay', 'email', '--yes']), 4, /--yes is not enough.*--confirm email/);
  const dry = await inContext('live', ['replay', 'email', '--dry-run']);
  expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('asks for the name of the queue') });
  const all = await inContext('live', ['replay', '--all-queues', '--dry-run']);
  expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining('live (asks for this name)') });
});

it('has no write methods in a readOnly context, not even with the right name', async () => {
  for (const args of [
    ['replay', 'email', '--yes'],
    ['purge', 'email', '--confirm', 'email'],
    ['purge', 'email', '--dry-run'],
    ['job', 'edit', '1', '--set', 'n=5', '--yes'],
  ]) {
    expectFailure(await inContext('looking', args), 4, /the context looking is readOnly/);
  }
  const shown = await inContext('looking', ['capabilities', '--json']);
  const { capabilities } = answerOf<{ capabilities: { verb: string; level: string; refused?: boolean }[] }>(
    shown,
    'capabilities',
  );
  expect(capabilities.filter(({ level }) => level !== 'none')).toEqual([]);
  // what the backend has no place for is not forbidden besides
  expect(capabilities.filter(({ refused }) => !refused).map(({ verb }) => verb)).toEqual([
    'resolve',
    'pause',
    'schedule',
  ]);
});
