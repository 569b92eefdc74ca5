import { describe, expect, it, onTestFinished } from 'vitest';
import { answerOf, expectFits, expectGolden } from './answer.ts';
import { type Home, homeForTest } from './jobctl.ts';
import { openShop, type Shop } from './shop.ts';

interface Report {
  readonly run: string;
  readonly verb: string;
  readonly matched: number;
  readonly outcomes: { done: number; skipped: number; failed: number; unknown: number };
  readonly backup: string;
  readonly complete: boolean;
}

async function shopForTest(version?: '3.9' | '1.1'): Promise<{ shop: Shop; home: Home }> {
  const shop = await openShop(version);
  onTestFinished(() => shop.database.drop());
  return { shop, home: await homeForTest(shop.url) };
}

interface Case {
  readonly args: (shop: Shop) => string[];
  readonly ids: (shop: Shop) => readonly string[];
  /** The native state afterwards; missing when the jobs are gone. */
  readonly becomes?: string;
}

/** Each does its work on the jobs that are meant, and on no other. Replay, purge and edit of a whole queue: see the undo tests. */
const cases: Record<string, Case> = {
  'retry --id': {
    args: ({ dead }) => ['retry', '--id', dead[0] as string, '--yes'],
    ids: ({ dead }) => dead.slice(0, 1),
    becomes: 'todo',
  },
  'dlq replay --where': {
    args: () => ['dlq', 'replay', 'email', '--where', 'payload.n < 2', '--yes'],
    ids: ({ dead }) => dead.slice(0, 2),
    becomes: 'todo',
  },
  'replay --all-queues': {
    args: ({ url }) => ['replay', '--all-queues', '--confirm', url.replace('postgres@', '')],
    ids: ({ dead, reports }) => [...dead, ...reports],
    becomes: 'todo',
  },
  reset: { args: () => ['reset', 'email', '--yes'], ids: ({ stuck }) => stuck, becomes: 'todo' },
  'remove --older-than': {
    args: () => ['remove', 'email', '--state', 'dead', '--older-than', '1h', '--confirm', 'email'],
    ids: ({ dead }) => dead,
  },
  'purge --include-failed --older-than': {
    args: () => ['purge', 'email', '--include-failed', '--older-than', '90m', '--confirm', 'email'],
    ids: ({ dead }) => dead,
  },
  'dlq purge': { args: () => ['dlq', 'purge', 'reports', '--confirm', 'reports'], ids: ({ reports }) => reports },
  'job cancel': {
    args: ({ waiting }) => ['job', 'cancel', ...waiting, '--yes'],
    ids: ({ waiting }) => waiting,
    becomes: 'cancelled',
  },
  'job remove': {
    args: ({ dead }) => ['job', 'remove', ...dead.slice(0, 2), '--confirm', 'email'],
    ids: ({ dead }) => dead.slice(0, 2),
  },
};

describe.each(Object.entries(cases))('%s', (_name, { args, ids, becomes }) => {
  it('does what it says, to those jobs alone', async () => {
    const { shop, home } = await shopForTest();
    const before = await shop.states();
    const ended = await home.warm([...args(shop), '--json']);
    expect(ended).toMatchObject({ code: 0 });
    const report = answerOf<Report>(ended, 'report');
    const expected = { ...before };
    for (const id of ids(shop)) {
      if (becomes === undefined) delete expected[id];
      else expected[id] = becomes;
    }
    expect(await shop.states()).toEqual(expected);
    expect(report).toMatchObject({ matched: ids(shop).length, complete: true, outcomes: { done: ids(shop).length } });
  });
});

it('prints the plan on stderr, the report on stdout, and every screen about the run', async () => {
  const { shop, home } = await shopForTest();
  const ended = await home.run(['replay', 'email', '--limit', '4', '--yes', '--reason', 'ticket 4711']);
  expect(ended.code).toBe(0);
  await expectGolden('replay.plan', ended.stderr);
  await expectGolden('replay.report', ended.stdout);
  const run = /run {2,}(\S+)/.exec(ended.stdout)?.[1] as string;
  const screens = {
    'run list': 'run-list',
    [`run show ${run}`]: 'run-show',
    'backup list': 'backup-list',
    [`backup show ${run}`]: 'backup-show',
    [`backup verify ${run}`]: 'backup-verify',
  };
  for (const [command, schema] of Object.entries(screens)) {
    const [text, json] = await Promise.all([
      home.warm(command.split(' ')),
      home.warm([...command.split(' '), '--json']),
    ]);
    expect(text).toMatchObject({ code: 0, stderr: '' });
    expectFits(text.stdout);
    await expectGolden(schema, text.stdout);
    answerOf(json, schema);
  }
  expectFits(ended.stdout);
  expectFits(ended.stderr);
  expect(Object.values(await shop.states()).filter((state) => state === 'failed')).toHaveLength(4);
});

it('resets on Procrastinate 1.x only when age is said to be proof enough', async () => {
  const { shop, home } = await shopForTest('1.1');
  const before = await shop.dump();
  const refused = await home.run(['reset', 'email', '--yes']);
  expect(refused).toMatchObject({ code: 4, stdout: '' });
  expect(refused.stderr).toContain('--assume-dead --older-than');
  expect(await shop.dump()).toEqual(before);
  const done = await home.run(['reset', 'email', '--assume-dead', '--older-than', '10m', '--yes', '--json']);
  expect(answerOf<Report>(done, 'report')).toMatchObject({ outcomes: { done: 2 }, complete: true });
});

it('replays on Procrastinate 1.x', async () => {
  const { shop, home } = await shopForTest('1.1');
  const done = await home.run(['replay', 'email', '--yes', '--json']);
  expect(answerOf<Report>(done, 'report')).toMatchObject({ outcomes: { done: 6 }, complete: true });
  const states = await shop.states();
  expect(shop.dead.map((id) => states[id])).toEqual(Array(6).fill('todo'));
});

it('cannot cancel on Procrastinate 1.x, and says what to do instead', async () => {
  const { shop, home } = await shopForTest('1.1');
  const ended = await home.run(['job', 'cancel', shop.waiting[0] as string, '--yes']);
  expect(ended).toMatchObject({ code: 5, stdout: '' });
  expect(ended.stderr).toContain('job remove');
});
