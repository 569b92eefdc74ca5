import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfigFile } from '../../src/config/config-file.ts';
import { findConfigFiles, loadConfig } from '../../src/config/load.ts';
import { configTemplate } from '../../src/config/template.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'jobctl-config-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<string> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}
const env = () => ({ HOME: join(root, 'home') });
const issuesOf = async (text: string) =>
  (await readConfigFile(await put('one.yaml', text))).issues.map(
    ({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`,
  );

describe('finding', () => {
  it('goes upwards from the folder, the user file before the project file', async () => {
    const user = await put('home/.config/jobctl/config.yaml', 'version: 1');
    const project = await put('shop/jobctl.yaml', 'version: 1');
    await mkdir(join(root, 'shop/src/deep'), { recursive: true });
    expect(await findConfigFiles({ env: env(), folder: join(root, 'shop/src/deep') })).toEqual([user, project]);
  });

  it('takes the nearest project file, and an absolute XDG_CONFIG_HOME', async () => {
    const user = await put('xdg/jobctl/config.yaml', 'version: 1');
    await put('shop/jobctl.yaml', 'version: 1');
    const near = await put('shop/sub/jobctl.yaml', 'version: 1');
    expect(
      await findConfigFiles({ env: { ...env(), XDG_CONFIG_HOME: join(root, 'xdg') }, folder: join(root, 'shop/sub') }),
    ).toEqual([user, near]);
    expect(
      await findConfigFiles({ env: { ...env(), XDG_CONFIG_HOME: 'xdg' }, folder: join(root, 'shop/sub') }),
    ).toEqual([near]);
  });

  it('reads a file that was asked for alone, --config before JOBCTL_CONFIG', async () => {
    await put('home/.config/jobctl/config.yaml', 'version: 1');
    const places = { env: { ...env(), JOBCTL_CONFIG: 'b.yaml' }, folder: root };
    expect(await findConfigFiles(places)).toEqual([join(root, 'b.yaml')]);
    expect(await findConfigFiles({ ...places, flag: 'a.yaml' })).toEqual([join(root, 'a.yaml')]);
    await expect(loadConfig(places)).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      message: expect.stringContaining('b.yaml'),
    });
  });

  it('is content with no file and with an empty one', async () => {
    expect((await loadConfig({ env: env(), folder: root })).files).toEqual([]);
    const file = await put('empty.yaml', '# nothing yet\n');
    expect(await loadConfig({ flag: file, env: env(), folder: root })).toMatchObject({ contexts: {}, files: [file] });
  });
});

describe('merging', () => {
  it('prefers the project, takes a context whole, adds up what is hidden, and remembers where each value stands', async () => {
    const user = await put(
      'home/.config/jobctl/config.yaml',
      'version: 1\ndefault: prod\ncontexts:\n  prod:\n    url: "memory:"\n    protected: true\n  mine:\n    url: "memory:"\nredact: {fields: [iban], email: true}\nbackups: {retention: 7d}\n',
    );
    const project = await put(
      'shop/jobctl.yaml',
      'version: 1\ncontexts:\n  prod:\n    url: redis://cache\nredact:\n  fields: [iban, tax]\n  email: false\nbackups: {folder: ../runs}\n',
    );
    const config = await loadConfig({ env: env(), folder: join(root, 'shop') });
    expect(config).toMatchObject({
      default: 'prod',
      contexts: { prod: { url: 'redis://cache' }, mine: { url: 'memory:' } },
      redact: { fields: ['iban', 'tax'], paths: [], email: true },
      backups: { folder: join(root, 'runs'), retention: '7d' },
    });
    expect(config.contexts['prod']).not.toHaveProperty('protected');
    expect(config.origins.get('contexts.prod.url')).toBe(`${project}:4`);
    expect(config.origins.get('contexts.mine.url')).toBe(`${user}:8`);
    expect(config.origins.has('contexts.prod.protected')).toBe(false);
  });
});

describe('faults', () => {
  it('names an unknown key, its line and the nearest one, and reports all faults at once', async () => {
    expect(
      await issuesOf(
        'version: 1\ncontexts:\n  prod:\n    url: "memory:"\n    protectd: true\n    reset: {staleAfter: 10}\nbackup: {}\n',
      ),
    ).toEqual([
      '6:25 contexts.prod.reset.staleAfter: must be a string',
      '5:5 contexts.prod.protectd: unknown key "protectd"; did you mean protected?',
      '7:1 backup: unknown key "backup"; did you mean backups?',
    ]);
  });

  it('refuses a resume that needs to know what the pause found, where nothing tells it', async () => {
    const hook = (more: string) =>
      issuesOf(
        `version: 1\ncontexts:\n  p:\n    url: "memory:"\n    queues:\n      email:\n        pause: {command: stop, resume: "scale $found"${more}}\n`,
      );
    expect(await hook('')).toEqual([
      '7:40 contexts.p.queues.email.pause.resume: uses $found, which is what status prints before the pause; there is no status',
    ]);
    expect(await hook(', status: look')).toEqual([]);
  });

  it('gives line and column of broken YAML, and never the text that stands there', async () => {
    const secret = 'version: 1\ncontexts:\n  a: {url: "redis://u:hunter2@h"\n  b: 1\n';
    const issues = await issuesOf(secret);
    expect(issues[0]).toMatch(/^[34]:\d+ /);
    expect(issues.join()).not.toContain('hunter2');
    expect((await issuesOf('version: 1\nversion: 1\n'))[0]).toMatch(/^2:1 .*unique/);
  });

  it('refuses a literal password wherever it can stand, without repeating it', async () => {
    for (const url of [
      'postgres://app:hunter2@db/jobs',
      'redis://:hunter2@h',
      'postgres://db/jobs?user=a&password=hunter2',
      'postgres://a:${X}hunter2@db',
      'postgres://a:hunter2@@db/x',
    ]) {
      const issues = await issuesOf(`version: 1\ncontexts: {p: {url: '${url}'}}\n`);
      expect(issues, url).toEqual([expect.stringMatching(/^2:21 contexts\.p\.url: holds a password/)]);
      expect(issues.join()).not.toContain('hunter2');
    }
    for (const url of [
      'postgres://app:${PW}@db/jobs',
      '${ALL}',
      'redis://h:6379/0',
      'sqs://eu-central-1/shop-',
      'memory:',
      'postgres://db/jobs?password=${PW}',
    ]) {
      expect(await issuesOf(`version: 1\ncontexts: {p: {url: '${url}'}}\n`), url).toEqual([]);
    }
  });

  it('refuses other schemes, a missing url and durations without a unit', async () => {
    expect(
      await issuesOf(
        'version: 1\ncontexts: {a: {url: "mysql://h"}, b: {protected: yes}, c: {url: "sqs://Frankfurt"}}\nbackups: {retention: "30"}\n',
      ),
    ).toEqual([
      expect.stringMatching(/^2:21 contexts\.a\.url: must begin with postgres/),
      '2:38 contexts.b.url: is missing',
      expect.stringMatching(/contexts\.b\.protected: must be true or false/),
      expect.stringMatching(/contexts\.c\.url: must be sqs:\/\/REGION/),
      expect.stringMatching(/^3:22 backups\.retention: is not a duration/),
    ]);
    expect(
      await issuesOf(
        'version: 1\ncontexts: {a: {url: "memory:", queues: {mail: {target: 5, lanes: {eu: {target: "5", targt: 5m}}}}}}\n',
      ),
    ).toEqual([
      '2:56 contexts.a.queues.mail.target: must be a string',
      expect.stringMatching(
        /^2:\d+ contexts\.a\.queues\.mail\.lanes\.eu\.target: is not a duration; write it with its unit/,
      ),
      expect.stringMatching(/contexts\.a\.queues\.mail\.lanes\.eu\.targt: unknown key "targt"; did you mean target\?/),
    ]);
    expect(await issuesOf('version: 1\nbackups: {retention: 6h}\n')).toEqual([
      expect.stringMatching(/^2:22 backups\.retention: must be a day or more/),
    ]);
    expect(await issuesOf('contexts: {}\n')).toEqual(['1:1 version: must be 1']);
    expect(await issuesOf('- 1\n')).toEqual([expect.stringMatching(/^1:1 : must be a group of keys/)]);
  });

  it('throws them as one usage error with file and line', async () => {
    const file = await put('jobctl.yaml', 'version: 1\ndefalt: a\n');
    await expect(loadConfig({ env: env(), folder: root })).rejects.toMatchObject({
      code: 'JOBCTL_USAGE',
      message: `${file}:2:1: unknown key "defalt"; did you mean default?`,
    });
  });
});

describe('the template', () => {
  it('passes the check as it stands, and with its examples switched on', async () => {
    expect(await issuesOf(configTemplate)).toEqual([]);
    const all = configTemplate.replace(
      /^( *)# (?=( {0,6})(production|url|schema|protected|readOnly|reset|staleAfter|redact|fields|paths|email|backups|retention|folder))/gm,
      '$1',
    );
    expect(all.match(/^ *(url|readOnly|email|retention|folder|staleAfter|paths):/gm)).toHaveLength(9);
    expect(await issuesOf(all)).toEqual([]);
  });
});
