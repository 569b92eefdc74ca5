#!/usr/bin/env node
// No static import at all: this file must be able to run on an old Node, at least to say what is wrong; and an import of a
// builtin asks for everything that it exports, such as the standard streams of node:process.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`jobctl needs Node.js 22.15 or newer; this is ${process.versions.node}.\n`);
  process.exitCode = 2;
} else {
  if (!process.env.HOME || !process.env.SHELL) introduceUser();
  setTimeout(boundGarbage, 200).unref(); // what is over by then has made none to speak of
  process.getBuiltinModule('node:module').enableCompileCache();
  process.env.OCLIF_DISABLE_ENGINE_WARNING = '1'; // oclif would load all of semver to say what was just checked
  const { execute } = await import('../dist/main.js');
  // Not awaited: Node would warn of an unsettled top-level await on every usage error.
  void execute({ dir: import.meta.url });
}

/** A container may run as a user that it does not know: asking Node for its home or its shell throws, and oclif asks. */
function introduceUser() {
  const { homedir, userInfo } = process.getBuiltinModule('node:os');
  try {
    homedir();
    userInfo();
  } catch {
    process.env.HOME ||= '/';
    process.env.SHELL ||= '/bin/sh';
  }
}

/**
 * Left alone, V8 lets the garbage of a long run pile up: its young generation grows to 32 MB, its old one to four times what
 * is in use. The flag that bounds the young one, --max-semi-space-size, is read before this file runs; its growth factor is
 * read each time: so let it grow to 16 MB, then stop. To collect so little takes longer with helpers, which then are not
 * there for the server on the same machine.
 */
function boundGarbage() {
  const v8 = process.getBuiltinModule('node:v8');
  const { PerformanceObserver } = process.getBuiltinModule('node:perf_hooks');
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
