import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { answerOf, expectFailure } from './answer.ts';
import { homeForTest } from './jobctl.ts';
import { shopForFile } from './shop.ts';

const shop = await shopForFile();

/** A new field that the oldest jobs do not have. */
const config = (type = 'integer') => `version: 1
contexts:
  shop: { url: "${shop.url}" }
jobTypes:
  email.send:
    maxAttempts: 5
    payload:
      type: object
      properties:
        n: { type: ${type}, minimum: 3 }
      required: [n]
`;

it('the audit finds what does not fit, and replay --valid-only leaves it alone', async () => {
  const home = await homeForTest();
  await home.file('jobctl.yaml', config());
  const checked = await home.run(['jobtype', 'check', 'email', '--json']);
  expect(checked.code).toBe(10);
  const audit = answerOf<{ findings: { id: string; state: string; faults: string[] }[] }>(checked, 'jobtype-check');
  const dead = audit.findings.filter(({ state }) => state === 'dead').map(({ id }) => id);
  expect(dead.length).toBeGreaterThan(0);

  const replayed = await home.run(['replay', 'email', '--valid-only', '--yes']);
  expect(replayed.code).toBe(3);
  expect(replayed.stdout).toContain('invalid-payload: payload.n must be >= 3');
  const states = await shop.states();
  expect(shop.dead.filter((id) => states[id] === 'failed')).toEqual(dead);
});

it('list, show and docs tell what the configuration says', async () => {
  const home = await homeForTest();
  await home.file('jobctl.yaml', config());
  expect((await home.run(['jobtype', 'list'])).stdout).toMatch(/email\.send +schema/);
  expectFailure(await home.run(['jobtype', 'show', 'email.sent']), 2, /Did you mean email\.send/);
  expect((await home.run(['jobtype', 'docs', '--out', 'docs/apis/jobs.md'])).code).toBe(0);
  expect(await readFile(join(home.folder, 'docs/apis/jobs.md'), 'utf8')).toContain(
    '| `n` | integer | yes | at least 3 |',
  );
});

it('config check reports a payload schema that is none, with its line', async () => {
  const home = await homeForTest();
  await home.file('jobctl.yaml', config('number-ish'));
  const { code, stdout } = await home.run(['config', 'check']);
  expect(code).toBe(2);
  expect(stdout).toMatch(
    /jobctl\.yaml:8:1: jobTypes\.email\.send\.payload is not a JSON Schema: .*\/properties\/n\/type/,
  );
});
