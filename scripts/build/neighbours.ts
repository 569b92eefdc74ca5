/**
 * In a bundle a module no longer lives where its source lives, so `import.meta.url` must not be used to find a neighbour,
 * except in these two forms, which work when Node runs src/ directly and which this script translates:
 *
 *   readFileSync(new URL('./sql/claim.sql', import.meta.url), 'utf8')   becomes the text of the file; nothing is read at run time.
 *                                                                       (.sql .lua .md .txt; also .json, also outside src/)
 *   new URL('./child-main.ts', import.meta.url)                         becomes the URL of dist/…/child-main.js. For processes and
 *                                                                       workers of our own: every src/**\/*-main.ts is an entry.
 *
 * The path must be a literal in both. `createRequire(import.meta.url)`, to find a package, is right anywhere.
 * Any other `import.meta.url|dirname|filename` in src/ fails the build.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));
const src = join(root, 'src');

export const posix = (path: string): string => path.split(sep).join('/');

/** Stands in the code for the URL of another entry until the place of each output file is known. */
const ENTRY_MARK = 'jobctl-entry:';
const TEXT = /readFileSync\(\s*new URL\(\s*'([^']+)'\s*,\s*import\.meta\.url\s*,?\s*\)\s*,\s*'utf-?8'\s*,?\s*\)/g;
const ENTRY = /new URL\(\s*'([^']+-main\.ts)'\s*,\s*import\.meta\.url\s*,?\s*\)/g;
const OTHER = /import\.meta\.(url|dirname|filename)/;

/** Same number of lines as before, so that stack traces still point to the right one. */
const keepLines = (before: string, after: string): string => after + '\n'.repeat(before.split('\n').length - 1);

const withoutComments = (code: string): string => code.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');

/** Puts the text of such a file into the code, and a mark for such an entry. */
export const neighbours: Plugin = {
  name: 'neighbours',
  load: {
    filter: { id: /\.tsx?$/ },
    handler(path) {
      if (!path.startsWith(src + sep)) return null;
      const code = readFileSync(path, 'utf8')
        .replace(TEXT, (all, file: string) =>
          keepLines(all, JSON.stringify(readFileSync(resolve(dirname(path), file), 'utf8'))),
        )
        .replace(ENTRY, (all, file: string) => {
          const entry = posix(relative(src, resolve(dirname(path), file))).replace(/\.ts$/, '.js');
          return keepLines(all, `new URL('${ENTRY_MARK}${entry}', import.meta.url)`);
        });
      const rest = code
        .replaceAll(new RegExp(`new URL\\('${ENTRY_MARK}[^']+', import\\.meta\\.url\\)`, 'g'), '')
        .replaceAll('createRequire(import.meta.url)', '');
      if (OTHER.test(withoutComments(rest)))
        this.error(
          `import.meta.url in ${posix(relative(root, path))} would point elsewhere once bundled; see scripts/build/neighbours.ts for the two forms that work`,
        );
      return { code, moduleType: path.endsWith('x') ? 'tsx' : 'ts' };
    },
  },
};

const MARKS = new RegExp(`${ENTRY_MARK}([^"'\`]+)`, 'g');

/** The code of an output file with each mark made into the path of that entry's output, seen from there. */
export const withEntries = (code: string, file: string, dist: string, isThere: (path: string) => boolean): string =>
  code.replace(MARKS, (_, entry: string) => {
    const target = join(dist, entry);
    if (!isThere(target)) throw new Error(`${entry} is started as a process but is no entry`);
    const path = posix(relative(dirname(file), target));
    return path.startsWith('.') ? path : `./${path}`;
  });
