/** What makes each start of the bundle quicker. Figures of a machine where `node -e 0` takes 40 ms. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'rolldown';

/** Imported as it is, this builtin asks for everything it has, and so loads workers, diffs and more: 5 ms of each start. */
const nodeUtil: Plugin = {
  name: 'node-util',
  resolveId: {
    filter: { id: /^node:util$/ },
    handler: (id, _importer, { kind }) => (kind === 'import-statement' ? `required:${id}` : null),
  },
  load: {
    filter: { id: /^required:/ },
    handler: (id) => `module.exports = require(${JSON.stringify(id.slice('required:'.length))})`,
  },
};

/** As a module of its own kind it asks at once for the half that is compiled, which is another package and not there. */
const pg: Plugin = {
  name: 'pg',
  resolveId: {
    filter: { id: /^pg$/ },
    handler: () => fileURLToPath(import.meta.resolve('pg/lib/index.js')),
  },
};

interface Edit {
  readonly file: RegExp;
  readonly from: RegExp;
  to(code: string, found: readonly string[]): string;
}

/** What oclif's core does at each start for nothing: 13 ms. */
const EDITS: readonly Edit[] = [
  {
    // it loads packages that are for a program without a manifest, or with plugins
    file: /@oclif.core.lib.config.plugin(-loader)?\.js$/,
    from: /^const (\w+) = require\("(tinyglobby|minimatch)"\);$/m,
    to: (code, [line = '', name = '', pack = '']) =>
      code.replace(line, '').replaceAll(`${name}.`, `require("${pack}").`),
  },
  {
    // the first comparison by the rules of a language loads the rules; its commands have plain names
    file: /@oclif.core.lib.config.plugin\.js$/,
    from: /a\.id\.localeCompare\(b\.id\)/,
    to: (code, [part = '']) => code.replace(part, 'a.id < b.id ? -1 : 1'),
  },
  {
    // it loads a package to tell whether this Linux is one of Windows, which nothing here asks
    file: /@oclif.core.lib.util.os\.js$/,
    from: /\(await import\('wsl-utils'\)\)\.isWsl \? 'wsl' : /,
    to: (code, [part = '']) => code.replace(part, ''),
  },
];

const oclif: Plugin = {
  name: 'oclif',
  load: {
    filter: { id: EDITS.map(({ file }) => file) },
    handler(id) {
      let code = readFileSync(id, 'utf8');
      for (const { file, from, to } of EDITS)
        if (file.test(id)) {
          const found = from.exec(code);
          if (!found) this.error(`${id} no longer does what scripts/build/start-up.ts takes out: ${from}`);
          code = to(code, found);
        }
      return code;
    },
  },
};

export const startUp = [nodeUtil, pg, oclif];
