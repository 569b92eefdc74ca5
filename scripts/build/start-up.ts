/** What makes each start of the bundle quicker. Figures of a machine where `node -e 0` takes 40 ms. */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';

/** Imported as it is, this builtin asks for everything it has, and so loads workers, diffs and more: 5 ms of each start. */
const nodeUtil: Plugin = {
  name: 'node-util',
  setup(bundler) {
    bundler.onResolve({ filter: /^node:util$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'required' } : undefined,
    );
    bundler.onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }));
  },
};

/** Packages that oclif's core loads at each start, for what it does without a manifest or with plugins: 4 ms. */
const RARE = /^const (\w+) = require\("(tinyglobby|minimatch)"\);$/m;

const oclif: Plugin = {
  name: 'oclif',
  setup(bundler) {
    bundler.onLoad({ filter: /@oclif.core.lib.config.plugin(-loader)?\.js$/ }, ({ path }) => {
      const code = readFileSync(path, 'utf8');
      const [line, name, pack] = RARE.exec(code) ?? [];
      if (line === undefined)
        return { errors: [{ text: `${path} no longer loads what scripts/build/start-up.ts puts off` }] };
      return { contents: code.replace(line, '').replaceAll(`${name}.`, `require("${pack}").`) };
    });
    // it tells whether this Linux is one of Windows, which nothing here asks
    bundler.onResolve({ filter: /^wsl-utils$/ }, ({ path }) => ({ path, namespace: 'left-out' }));
    bundler.onLoad({ filter: /./, namespace: 'left-out' }, () => ({ contents: 'export const isWsl = false;' }));
  },
};

export const startUp = [nodeUtil, oclif];

/**
 * V8 compiles a function when it is called first, and Node's compile cache holds only what was compiled as the file was read.
 * A function in parentheses is: so the bodies of CommonJS modules, most of what a start runs, come from the cache: 10 ms.
 */
const COMMON_JS = /^(var \w+ = __commonJS\(\{\n {2}("[^"\n]+"))(\([\w, ]*\)) \{\n([\s\S]*?)^ {2}\}\n\}\);$/gm;

/** The one file of the bundle that calls require() does it for all. */
const CALLS_REQUIRE = /typeof require\b/;
const MAKE_REQUIRE =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

/** The code of an output file, line for line. */
export const quickToStart = (code: string): string =>
  (CALLS_REQUIRE.test(code) ? MAKE_REQUIRE : '') + code.replace(COMMON_JS, '$1: (function$3 {\n$4  })\n});');
