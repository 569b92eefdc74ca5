import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobctlError } from '../domain/errors.ts';
import { ownerOnlyFile } from '../safety/durable-file.ts';
import type { ProcessIdentity } from '../safety/process-identity.ts';

export const workerLog = (folder: string): string => join(folder, 'worker.log');

/** Starts the worker as a process of its own, and waits until it has reached the database. */
export async function startWorker(folder: string, url: string): Promise<ProcessIdentity> {
  const path = workerLog(folder);
  const log = await open(path, 'a', ownerOnlyFile);
  const program = fileURLToPath(new URL('./worker-main.ts', import.meta.url));
  const child = spawn(process.execPath, [program, folder, url], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC' },
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  try {
    const ready = once(child, 'message');
    const ended = once(child, 'exit').then(() => undefined);
    const answer = await Promise.race([ready, ended]);
    if (answer === undefined) throw await failure(path);
    child.unref();
    return answer[0] as ProcessIdentity;
  } finally {
    await log.close();
  }
}

async function failure(path: string): Promise<JobctlError> {
  const said = (await readFile(path, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-5);
  return new JobctlError('unexpected', ["The demo's worker did not start. Its log ends with:", ...said].join('\n'));
}
