import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answerOf, steady } from './answer.ts';
import { type Home, makeHome } from './jobctl.ts';
import { type Shop, shopForFile } from './shop.ts';

const shop = await shopForFile();
let home: Home;
beforeAll(async () => {
  home = await makeHome(shop.url);
});
afterAll(() => home.remove());

interface Report {
  readonly run?: string;
  readonly dryRun: boolean;
  readonly matched: number;
  readonly outcomes: { done: number };
}

/** In this order, each leaves the next one its jobs. */
const writes: [name: string, args: (of: Shop) => string[], consent: string[]][] = [
  ['job edit', ({ dead }) => ['job', 'edit', dead[0] as string, '--set', 'n=99'], ['--yes']],
  ['replay --limit', () => ['replay', 'email', '--limit', '3'], ['--yes']],
  ['replay --where', () => ['replay', 'email', '--where', 'payload.n > 3'], ['--yes']],
  ['reset', () => ['reset', 'email'], ['--yes']],
  ['job cancel', ({ waiting }) => ['job', 'cancel', ...waiting], ['--yes']],
  ['purge', () => ['purge', 'email', '--older-than', '1m'], ['--confirm', 'email']],
  ['dlq purge', () => ['dlq', 'purge', 'reports'], ['--confirm', 'reports']],
];

/** The plan as it was shown, without the words that say what it was for. */
const planOf = (stderr: string): string =>
  steady(stderr)
    .replace('\ndry run: nothing was changed\n', '')
    .replace(/sign of life.*/g, 'sign of life')
    .trimEnd();

it.each(writes)('%s --dry-run shows the plan of the real run and changes nothing', async (_name, args, consent) => {
  const before = await shop.dump();
  const runs = existsSync(join(home.stateDir, 'runs'));
  const dry = await home.warm([...args(shop), '--dry-run', '--json']);
  expect(dry).toMatchObject({ code: 0 });
  expect(await shop.dump()).toEqual(before);
  const report = answerOf<Report>(dry, 'report');
  expect(report).toMatchObject({ dryRun: true, outcomes: { done: 0 } });
  expect(report).not.toHaveProperty('run');
  expect(existsSync(join(home.stateDir, 'runs'))).toBe(runs);

  const real = await home.warm([...args(shop), ...consent, '--json']);
  expect(real).toMatchObject({ code: 0 });
  expect(planOf(real.stderr)).toBe(planOf(dry.stderr));
  expect(answerOf<Report>(real, 'report').matched).toBe(report.matched);
});

it('undo and restore have a dry run too', async () => {
  const runs = answerOf<{ runs: { id: string; verb: string; queues: string[] }[] }>(
    await home.warm(['run', 'list', '--json']),
    'run-list',
  );
  const purge = runs.runs.find(({ verb, queues }) => verb === 'purge' && queues[0] === 'email')?.id as string;
  const before = await shop.dump();
  for (const verb of ['undo', 'restore']) {
    const dry = answerOf<Report>(await home.warm([verb, purge, '--dry-run', '--json']), 'report');
    expect(dry).toMatchObject({ dryRun: true, matched: shop.completed.length });
  }
  expect(await shop.dump()).toEqual(before);
});
