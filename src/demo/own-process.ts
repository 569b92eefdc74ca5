import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, type ProcessIdentity } from '../safety/process-identity.ts';

const PATIENCE_MS = 5000;

/** That very process runs: not a later one with the same number, nor one that has ended and that nobody has buried. */
export async function isRunning(it: ProcessIdentity): Promise<boolean> {
  if (it.began === '' || !(await isAlive(it))) return false;
  if (process.platform !== 'linux') return true;
  const stat = await readFile(`/proc/${it.pid}/stat`, 'utf8').catch(() => ') Z');
  return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z');
}

/** Asks it to stop and waits until it has; one that does not listen is killed. Any other process is left alone. */
export async function stopProcess(it: ProcessIdentity): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    if (!(await isRunning(it))) return;
    process.kill(it.pid, signal);
    const deadline = Date.now() + PATIENCE_MS;
    while ((await isRunning(it)) && Date.now() < deadline) await sleep(10);
  }
}
