import { globSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { policyOf } from '../../scripts/write-iam.ts';
import { policies, policyNote } from '../../src/adapters/sqs/permissions.ts';

const folder = new URL('../../docs/iam/', import.meta.url);

it.each(Object.entries(policies))(
  'docs/iam/%s.json is what the code generates (node scripts/write-iam.ts)',
  (name, grants) => {
    expect(readFileSync(new URL(`${name}.json`, folder), 'utf8')).toBe(policyOf(grants));
  },
);

it('leaves no policy behind, and tells in the README what each is for', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  expect(files.sort()).toEqual(
    Object.keys(policies)
      .map((name) => `${name}.json`)
      .sort(),
  );
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  expect(files.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

/** They ask nothing of AWS, or SQS has no such thing. */
const without =
  /^(backup|capabilities|config|context|demo|help|plan|schema|jobtype (docs|list|show)|run (list|show)|job (cancel|edit)|dlq resolve|reset|schedule (remove|run))\b/;

it('has one for every command', () => {
  const readme = readFileSync(new URL('README.md', folder), 'utf8');
  const commands = globSync('**/*.ts', { cwd: new URL('../../src/commands/', import.meta.url).pathname }).map((path) =>
    path.replace(/\.ts$/, '').replace('/', ' '),
  );
  expect(commands.length).toBeGreaterThan(40);
  expect(commands.filter((name) => !without.test(name) && !readme.includes(`\`${name}\``))).toEqual([]);
});

it('knows every action that the adapter takes', () => {
  const known = new Set(Object.values(policies).flatMap((grants) => grants.flatMap(({ actions }) => actions)));
  const source = globSync('../../src/adapters/sqs/**/*.ts', { cwd: import.meta.dirname })
    .map((path) => readFileSync(new URL(path, import.meta.url), 'utf8'))
    .join('\n');
  const around = [...source.matchAll(/\.ask\(\s*'(\w+)',\s*(?:on \? '(\w+)' : )?'(\w+)'/g)].flatMap(
    ([, service, on, name]) => [on, name].flatMap((action) => (action === undefined ? [] : [`${service}:${action}`])),
  );
  const own = [...source.matchAll(/#(?:asked|ask)\(\s*'(\w+)'/g)].map(([, name]) => `sqs:${name}`);
  expect(around.length).toBeGreaterThan(15);
  expect(own.length).toBeGreaterThan(8);
  // the account of the credentials needs no permission
  const taken = [...new Set([...around, ...own])].filter((action) => action !== 'sqs:GetCallerIdentity');
  expect(taken.filter((action) => !known.has(action))).toEqual([]);
});

it('a denial is told the policies by name, while they are few', () => {
  expect(policyNote('logs:FilterLogEvents')).toBe(
    'The least that the command needs: docs/iam/smoke-log-pattern.json, logs.json',
  );
  expect(policyNote('sqs:ReceiveMessage')).toMatch(/: docs\/iam\/dlq\.json, job-list\.json, .*, loadtest\.json/);
  expect(policyNote('sqs:GetQueueUrl')).toMatch(/its file in docs\/iam\/; sqs:GetQueueUrl is in most\.$/);
  expect(policyNote('sqs:CreateQueue')).toBeUndefined();
});
