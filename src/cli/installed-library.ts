import { readFile } from 'node:fs/promises';
import { createRequire, findPackageJSON } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { JobctlError } from '../domain/errors.ts';

export interface InstalledLibrary {
  readonly version: string;
  /** `pg-boss 12.38.0, installed here`. */
  readonly name: string;
  /** Of its package.json. */
  readonly path: string;
  /** What it exports: a version as the project has it, so each use looks first. */
  readonly module: Readonly<Record<string, unknown>>;
}

/** The library as the project in this folder has it: its own migrations fit its own version, and nobody else's do. */
export async function installedLibrary(name: string, folder: string): Promise<InstalledLibrary> {
  const here = join(folder, 'package.json');
  try {
    const entry = createRequire(here).resolve(name);
    const path = findPackageJSON(name, pathToFileURL(here));
    if (path === undefined) throw new Error('it has no package.json');
    const { version } = JSON.parse(await readFile(path, 'utf8')) as { version: string };
    const module = (await import(pathToFileURL(entry).href)) as { default?: object };
    const exports = { ...methodsOf(module.default), ...module };
    return { version, name: `${name} ${version}, as it is installed here`, path, module: exports };
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const isMissing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
    throw new JobctlError(
      'usage',
      isMissing ? `${name} is not installed in ${folder}.` : `${name} cannot be loaded from ${folder}: ${message}.`,
      {
        next: [
          'Run jobctl in the folder of the application that uses it: its migrations fit its own version.',
          `npm install ${name}   # in the version that your application runs`,
        ],
        cause,
      },
    );
  }
}

/** Before 12 the plans of pg-boss are static methods of its class. */
function methodsOf(of: object | undefined): Record<string, unknown> {
  if (typeof of !== 'function') return {};
  const names = Object.getOwnPropertyNames(of).filter((name) => !['length', 'name', 'prototype'].includes(name));
  const owner = of as unknown as Record<string, unknown>;
  return Object.fromEntries(
    names.map((name) => {
      const value = owner[name];
      return [name, typeof value === 'function' ? value.bind(of) : value];
    }),
  );
}
