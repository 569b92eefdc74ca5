import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['./test/setup/global.ts'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // oclif's output capture and vitest's would take stdout from each other
    disableConsoleIntercept: true,
    coverage: { provider: 'v8', include: ['src/**'] },
  },
});
