import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Report } from '../../src/domain/plan.ts';
import { answerOf, expectFailure } from './answer.ts';
import { homeForTest } from './jobctl.ts';
import { shopForFile } from './shop.ts';

const shop = await shopForFile();

it.each([
  ['replay', ['replay', 'email', '--limit', '2']],
  ['replay with its attempts kept', ['replay', 'email', '--limit', '1', '--keep-attempts']],
  ['reset', ['reset', 'email']],
  ['remove', ['remove', 'email', '--type', 'email.send', '--limit', '1']],
  ['job cancel', ['job', 'cancel', shop.waiting[1] ?? '']],
  ['evacuate', ['drain', 'email', '--evacuate']],
  ['enqueue', ['enqueue', 'email', 'email.send', '--payload', '{"n":1}']],
])('what %s writes down as its flags are left is a plan that apply takes', async (_, words) => {
  const home = await homeForTest(shop.url);
  const planned = await home.warm([...words, '--plan-out', 'window.json']);
  expect(planned.code, planned.stderr).toBe(0);
  const applied = await home.warm(['apply', 'window.json', '--confirm', 'email', '--json']);
  expect(applied.code, applied.stderr).toBe(0);
  expect(answerOf<Report>(applied, 'report').outcomes.done).toBeGreaterThan(0);
});

it('a plan is written, shown and applied with the consent that its verb needs; a second time it is refused', async () => {
  const home = await homeForTest(shop.url);
  const before = await shop.dump();
  const planned = await home.run(['purge', 'email', '--state', 'dead', '--plan-out', 'window.json']);
  expect(planned).toMatchObject({ code: 0, stdout: expect.stringMatching(/jobctl apply \S+window\.json/) });
  expect(await shop.dump()).toEqual(before);

  const shown = await home.run(['plan', 'show', 'window.json']);
  expect(shown.stdout).toMatch(/Purge \(remove\) \d+ jobs in queue email/);
  expect(shown.stdout).toContain('jobctl purge email --state dead --plan-out window.json');

  expectFailure(await home.run(['apply', 'window.json', '--yes']), 4, /--yes is not enough.*--confirm email/);
  const applied = await home.run(['apply', 'window.json', '--confirm', 'email', '--json']);
  const { matched, outcomes } = answerOf<Report>(applied, 'report');
  expect(outcomes.done).toBe(matched);
  expectFailure(await home.run(['apply', 'window.json', '--confirm', 'email']), 6, /was applied already/);
});

it('new jobs without a key are warned of in their plan; the mark beside it tells another machine that it was applied', async () => {
  const home = await homeForTest(shop.url);
  const words = ['enqueue', 'email', 'email.send', '--payload', '{"n":2}', '--plan-out', 'window.json'];
  const warning = /1 job without an idempotency key: .* A copy of the file, applied elsewhere, adds them again. --key/;
  expect((await home.warm(words)).stderr.replace(/\s+/g, ' ')).toMatch(warning);
  expect(answerOf<Report>(await home.warm([...words, '--json']), 'report').warnings?.join()).toMatch(warning);
  const keyed = answerOf<Report>(await home.warm([...words, '--key', 'plan-once', '--json']), 'report');
  expect(keyed.warnings?.join() ?? '').not.toMatch(/idempotency key/);
  const { run = '' } = answerOf<Report>(await home.warm(['apply', 'window.json', '--yes', '--json']), 'report');
  const other = await homeForTest(shop.url);
  const again = await other.warm(['apply', join(home.folder, 'window.json'), '--yes']);
  expectFailure(again, 6, new RegExp(`was applied already by .*: ${run}, says .*\\.applied`));
});

it('what is no plan is not written over, and not applied', async () => {
  const home = await homeForTest(shop.url);
  await home.file('jobctl.yaml', 'version: 1\n');
  expectFailure(await home.run(['replay', 'email', '--plan-out', 'jobctl.yaml']), 2, /not written over/);
  expectFailure(await home.run(['apply', 'jobctl.yaml', '--yes']), 2, /not the JSON of a plan/);
});
