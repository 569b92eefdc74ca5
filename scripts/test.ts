/** Runs vitest once (arguments are vitest's own) and ends with the line `N passed, N failed`, alone. Exit code 1 if anything failed. */
import { parseCLI, startVitest } from 'vitest/node';

const { filter, options } = parseCLI(['vitest', 'run', ...process.argv.slice(2)]);
const vitest = await startVitest('test', filter, { ...options, watch: false, run: true });

let passed = 0;
let failed = 0;
let skipped = 0;
for (const module of vitest.state.getTestModules()) {
  const before = failed;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === 'passed') passed += 1;
    else if (state === 'skipped') skipped += 1;
    else failed += 1; // also 'pending': a test that never ended has not passed
  }
  // a file or suite that broke outside its tests
  if (failed === before && !module.ok()) failed += 1;
}
failed += vitest.state.getUnhandledErrors().length;
if (passed + failed + skipped === 0 && process.exitCode) failed += 1;

await vitest.close();
if (failed > 0) process.exitCode = 1;
else if (process.exitCode) failed = 1;
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
// a handle left open by a test must not keep the run alive
process.exit();
