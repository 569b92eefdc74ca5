import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { isLong } from './test/setup/long.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    exclude: isLong ? [] : ['**/*.long.test.ts'],
    globalSetup: ['./test/setup/global.ts'],
    pool: 'forks',
    // most tests wait for a server or a child process: more of them than cores, and not one less, as is the default
    maxWorkers: Math.max(3, availableParallelism()),
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // oclif's output capture and vitest's would take stdout from each other
    disableConsoleIntercept: true,
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
