import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { readConfigFile } from '../../src/config/config-file.ts';
import { ExitCode } from '../../src/domain/errors.ts';
import { jobStates } from '../../src/domain/job.ts';
import { homeForTest } from '../e2e/jobctl.ts';
import { wordsOf } from '../runbooks/runbook.ts';
import { anchorsOf, commandLinesOf, documents, fencesOf, linksOf, root } from './markdown.ts';

interface Manifest {
  readonly commands: Readonly<Record<string, Command>>;
}
interface Command {
  readonly aliases: readonly string[];
  readonly flags: Readonly<Record<string, { char?: string; type: string; allowNo?: boolean }>>;
}

const manifest = JSON.parse(readFileSync(`${root}oclif.manifest.json`, 'utf8')) as Manifest;
const known = new Map(
  Object.entries(manifest.commands).flatMap(([id, command]) =>
    [id, ...command.aliases].map((name) => [name.replaceAll(':', ' '), command] as const),
  ),
);

describe.each(documents)('$path', ({ path, text }) => {
  it('has only links that lead somewhere', () => {
    const broken = linksOf(text).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : relative(root, join(root, dirname(path), decodeURIComponent(file)));
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(readFileSync(join(root, target), 'utf8')).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  it('names only files and folders that there are', () => {
    const named = [...text.matchAll(/`((?:src|test|scripts|bench|bin|schemas|docs)\/[\w./*-]+)`/g)].map(
      ([, name = '']) => name,
    );
    expect(named.filter((name) => globSync(`${name.replace(/\/$/, '')}{,.*}`, { cwd: root }).length === 0)).toEqual([]);
  });

  it('names only commands and flags that there are', () => {
    expect(commandLinesOf(text).flatMap(faultsOf)).toEqual([]);
  });

  it('names only npm scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> };
    // the old lines of a runbook are those of another project
    const own = text.replace(/^\| `[^`]+` \| /gm, '');
    const named = [...own.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('shows configuration that is accepted', async () => {
    const home = await homeForTest();
    for (const [index, fence] of fencesOf(text)
      .filter(({ language }) => language === 'yaml')
      .entries()) {
      const { issues } = await readConfigFile(await home.file(`${index}.yaml`, fence.text));
      expect(issues).toEqual([]);
    }
  });
});

/** What is wrong with a command line; nothing is run. */
function faultsOf(line: string): string[] {
  const words = wordsOf(line.replace(/\s+#.*$/, '').split(/ [|>] /)[0] as string).filter((word) => word !== 'npx');
  const [, ...rest] = words;
  const id = [rest.slice(0, 2).join(' '), rest[0] ?? ''].find((name) => known.has(name));
  const topic = Object.keys(manifest.commands).some((name) => name.startsWith(`${rest[0]}:`));
  if (id === undefined) return topic && rest.length === 1 ? [] : [`${line}: there is no such command`];
  const { flags } = known.get(id) as Command;
  return rest
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.replace(/=.*$/, ''))
    .filter((word) => !isFlag(word, flags))
    .map((word) => `${line}: ${id} has no ${word}`);
}

const isFlag = (word: string, flags: Command['flags']): boolean =>
  word === '--help' ||
  Object.entries(flags).some(
    ([name, { char, allowNo }]) => word === `--${name}` || word === `-${char}` || (allowNo && word === `--no-${name}`),
  );

const textOf = (path: string): string => documents.find((one) => one.path === path)?.text ?? '';

it('explains every state in the glossary', () => {
  for (const state of jobStates) expect(textOf('docs/glossary.md')).toContain(`**${state}**`);
});

it('shows an error as it is printed', () => {
  const example = fencesOf(textOf('docs/exit-codes.md')).find(({ language }) => language === 'json');
  const error = JSON.parse(example?.text ?? '') as { error: { code: string; exitCode: number } };
  expect(new Ajv2020().validate(JSON.parse(readFileSync(`${root}schemas/error.json`, 'utf8')), error)).toBe(true);
  expect(ExitCode[error.error.code.replace('JOBCTL_', '').toLowerCase() as keyof typeof ExitCode]).toBe(
    error.error.exitCode,
  );
});

it('names every backend that can be opened in the README', () => {
  const loaded = ['src/adapters/registry.ts', 'src/adapters/postgres/index.ts'].flatMap((path) =>
    [...readFileSync(`${root}${path}`, 'utf8').matchAll(/import\('\.\/([\w-]+)\//g)].map(([, name = '']) => name),
  );
  expect(loaded).toEqual(expect.arrayContaining(['memory', 'postgres', 'procrastinate']));
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z]/g, '');
  const readme = plain(textOf('README.md'));
  expect(loaded.filter((name) => !readme.includes(plain(name)))).toEqual([]);
});

it('lists every decision', () => {
  const files = globSync('docs/adr/[0-9]*.md', { cwd: root }).map((path) => path.replace('docs/adr/', ''));
  expect(files.length).toBeGreaterThan(0);
  expect(linksOf(textOf('docs/adr/README.md')).toSorted()).toEqual(files.toSorted());
  for (const file of files)
    expect(textOf(`docs/adr/${file}`)).toMatch(/^# \d+\. [\s\S]+## Context[\s\S]+## Decision[\s\S]+## Consequences/);
});
