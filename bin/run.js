#!/usr/bin/env node
// No static import of anything that an old Node lacks: this file must at least be able to say what is wrong. Nor of
// node:process, which opens the standard streams to export them.
import module from 'node:module';
import { PerformanceObserver } from 'node:perf_hooks';
import v8 from 'node:v8';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`jobctl needs Node.js 22.15 or newer; this is ${process.versions.node}.\n`);
  process.exitCode = 2;
} else {
  boundGarbage();
  module.enableCompileCache?.();
  process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'; // oclif would load all of semver to say what was just checked
  const { execute } = await import('../dist/main.js');
  // Not awaited: Node would warn of an unsettled top-level await on every usage error.
  void execute({ dir: import.meta.url });
}

/**
 * Left alone, V8 lets the garbage of a long run pile up: its young generation grows to 32 MB, its old one to four times what
 * is in use. The flag that bounds the young one, --max-semi-space-size, is read before this file runs; its growth factor is
 * read each time: so let it grow to 16 MB, then stop. To collect so little takes longer with helpers, which then are not
 * there for the server on the same machine.
 */
function boundGarbage() {
  const observer = new PerformanceObserver(() => {
    const young = v8.getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    if (young && young.space_size < 16 * 1024 * 1024) return;
    v8.setFlagsFromString('--semi-space-growth-factor=1');
    v8.setFlagsFromString('--no-parallel-scavenge');
    v8.setFlagsFromString('--heap-growing-percent=20');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
