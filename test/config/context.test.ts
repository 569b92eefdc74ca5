import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contextRows, inRegion, resolveContext } from '../../src/config/context.ts';
import { readCurrentContext, writeCurrentContext } from '../../src/config/current-context.ts';
import { type Config, emptyConfig } from '../../src/config/load.ts';

const config: Config = {
  ...emptyConfig,
  default: 'dev',
  contexts: {
    dev: { url: 'memory:' },
    prod: {
      url: 'postgres://app:${PW}@db:5432/jobs',
      protected: true,
      reset: { staleAfter: '2m' },
      redact: { fields: ['iban'] },
    },
    replica: { url: '${REPLICA}', readOnly: true },
  },
  redact: { fields: ['tax'], paths: ['a.b'] },
  origins: new Map([
    ['contexts.prod.url', '/srv/jobctl.yaml:7'],
    ['default', '/srv/jobctl.yaml:2'],
  ]),
};
const resolve = (more: {
  context?: string;
  url?: string;
  region?: string;
  env?: Record<string, string>;
  current?: string;
  config?: Config;
}) =>
  resolveContext({
    flags: { context: more.context, url: more.url, region: more.region },
    env: more.env ?? {},
    config: more.config ?? config,
    current: more.current,
  });
const refusal = (...args: Parameters<typeof resolve>) => {
  try {
    return resolve(...args);
  } catch (error) {
    return error;
  }
};

describe('which context', () => {
  const env = { JOBCTL_CONTEXT: 'replica', REPLICA: 'redis://r', DATABASE_URL: 'postgres://ambient/x', PW: 'p' };
  it('flag before environment before context use before default before the applications variables', () => {
    expect(resolve({ context: 'prod', env, current: 'dev' })).toMatchObject({ name: 'prod', origin: '--context' });
    expect(resolve({ url: 'redis://h:1', env, current: 'dev' })).toMatchObject({
      name: 'redis://h:1',
      origin: '--url',
    });
    expect(resolve({ env, current: 'dev' })).toMatchObject({
      name: 'replica',
      origin: 'JOBCTL_CONTEXT',
      readOnly: true,
      url: 'redis://r',
    });
    expect(resolve({ env: { JOBCTL_URL: 'redis://u:s@h', DATABASE_URL: 'x' }, current: 'dev' })).toMatchObject({
      name: 'redis://h',
      url: 'redis://u:s@h',
      origin: 'JOBCTL_URL',
    });
    expect(resolve({ env: { DATABASE_URL: 'postgres://ambient/x', PW: 'p' }, current: 'prod' })).toMatchObject({
      name: 'prod',
      origin: 'context use',
    });
    expect(resolve({ env: { DATABASE_URL: 'postgres://ambient/x' } })).toMatchObject({
      name: 'dev',
      origin: 'default in /srv/jobctl.yaml:2',
    });
    expect(
      resolve({ env: { DATABASE_URL: 'postgres://ambient/x', REDIS_URL: 'redis://r' }, config: emptyConfig }),
    ).toMatchObject({ origin: 'DATABASE_URL' });
    expect(
      resolve({
        env: { JOB_QUEUE_DATABASE_URL: 'postgresql://u:p@h/q?sslmode=require', DATABASE_URL: 'postgres://ambient/x' },
        config: emptyConfig,
      }),
    ).toMatchObject({ name: 'postgres://h/q', origin: 'JOB_QUEUE_DATABASE_URL' });
    expect(
      resolve({ env: { DATABASE_URL: 'mysql://h/x', REDIS_URL: 'redis://r' }, config: emptyConfig }),
    ).toMatchObject({ origin: 'REDIS_URL' });
  });

  it('takes SQS for it where a region is all that is given: by the flag, or at last by the variables of AWS', () => {
    const env = { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'us-east-1' };
    const named = (more: object) => resolve({ env, config: emptyConfig, ...more });
    expect(named({})).toMatchObject({ name: 'sqs://eu-west-1', url: 'sqs://eu-west-1', origin: 'AWS_REGION' });
    expect(named({ env: { AWS_DEFAULT_REGION: 'us-east-1' } })).toMatchObject({ origin: 'AWS_DEFAULT_REGION' });
    expect(named({ env: { ...env, REDIS_URL: 'redis://r' } })).toMatchObject({ origin: 'REDIS_URL' });
    expect(named({ env: { REDIS_URL: 'redis://r' }, region: 'eu-west-3' })).toMatchObject({
      url: 'sqs://eu-west-3',
      origin: '--region',
    });
    expect(named({ config, region: 'eu-west-3' })).toMatchObject({ name: 'dev' });
    for (const AWS_REGION of ['eu west/1', 'eu-west-1/orders'])
      expect(() => named({ env: { AWS_REGION } })).toThrow('No backend is configured.');
    for (const region of ['undefined', 'eu-west-1/orders'])
      expect(() => named({ region })).toThrow(`--region ${region} is no region of AWS.`);
    expect(() => inRegion('a/b', named({}))).toThrow('--region a/b is no region of AWS.');
  });

  it('takes the only context, asks when there are several, and says what to do when there is none', () => {
    expect(resolve({ config: { ...config, default: undefined, contexts: { one: { url: 'memory:' } } } })).toMatchObject(
      { name: 'one' },
    );
    expect(refusal({ config: { ...config, default: undefined } })).toMatchObject({
      code: 'JOBCTL_USAGE',
      message: expect.stringContaining('dev, prod, replica'),
    });
    expect(refusal({ config: emptyConfig })).toMatchObject({
      code: 'JOBCTL_USAGE',
      next: [
        expect.stringContaining('config init'),
        expect.stringContaining('--url'),
        expect.stringContaining('demo up'),
        expect.stringContaining('JOBCTL_URL'),
      ],
    });
  });

  it('refuses what names two backends, an unknown name, and a password on the command line', () => {
    expect(refusal({ context: 'dev', url: 'memory:' })).toMatchObject({ code: 'JOBCTL_USAGE' });
    expect(refusal({ env: { JOBCTL_CONTEXT: 'dev', JOBCTL_URL: 'memory:' } })).toMatchObject({ code: 'JOBCTL_USAGE' });
    expect(refusal({ context: 'prud' })).toMatchObject({
      message: 'There is no context "prud" (--context). Did you mean prod?',
    });
    expect(refusal({ context: 'constructor' })).toMatchObject({ code: 'JOBCTL_USAGE' });
    const leaked = refusal({ url: 'postgres://a:hunter2@h/x' });
    expect(leaked).toMatchObject({ code: 'JOBCTL_USAGE', next: [expect.stringContaining('JOBCTL_URL')] });
    expect(String(leaked)).not.toContain('hunter2');
    expect(String(refusal({ env: { JOBCTL_URL: 'mysql://a:hunter2@h' } }))).not.toContain('hunter2');
  });
});

describe('variables', () => {
  it('are needed only by the context that is used, and named with the line when missing', () => {
    expect(resolve({ context: 'dev' }).url).toBe('memory:');
    expect(refusal({ context: 'prod' })).toMatchObject({
      code: 'JOBCTL_USAGE',
      message: 'The environment variable PW is not set; contexts.prod.url needs it (/srv/jobctl.yaml:7).',
    });
    expect(refusal({ context: 'replica', env: { REPLICA: 'mysql://a:hunter2@h' } })).toMatchObject({
      code: 'JOBCTL_USAGE',
      message: expect.not.stringContaining('hunter2'),
    });
  });

  it('may hold any character as a password, and work in --url', () => {
    const { url } = resolve({ context: 'prod', env: { PW: 'a@b/c:d?e#%' } });
    expect(decodeURIComponent(new URL(url).password)).toBe('a@b/c:d?e#%');
    expect(new URL(url).host).toBe('db:5432');
    expect(resolve({ url: 'redis://:${PW}@h/1', env: { PW: 'x/y' } })).toMatchObject({
      url: 'redis://:x%2Fy@h/1',
      name: 'redis://h/1',
    });
    expect(resolve({ context: 'replica', env: { REPLICA: 'postgres://u:p%40@h/x' } }).url).toBe(
      'postgres://u:p%40@h/x',
    );
  });
});

it('carries the manners of the context, seconds for durations, and both lists of what is hidden', () => {
  expect(resolve({ context: 'prod', env: { PW: 'x' } })).toMatchObject({
    protected: true,
    readOnly: false,
    staleAfterSeconds: 120,
    redact: { fields: ['tax', 'iban'], paths: ['a.b'] },
  });
});

it('lists contexts without filling in a variable', () => {
  expect(contextRows(config, 'prod')).toEqual([
    expect.objectContaining({ name: 'dev', backend: 'memory', current: false }),
    expect.objectContaining({
      name: 'prod',
      backend: 'postgres',
      url: 'postgres://app:${PW}@db:5432/jobs',
      protected: true,
      current: true,
    }),
    expect.objectContaining({ name: 'replica', backend: 'unknown until used', readOnly: true }),
  ]);
});

it('remembers what context use chose, for its owner alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jobctl-current-'));
  try {
    const path = join(folder, 'state', 'context');
    expect(await readCurrentContext(path)).toBeUndefined();
    await writeCurrentContext(path, 'prod');
    await writeCurrentContext(path, 'dev');
    expect(await readCurrentContext(path)).toBe('dev');
    expect(await readFile(path, 'utf8')).toBe('dev\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
});
