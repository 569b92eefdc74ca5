import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobctlError } from '../domain/errors.ts';
import { ownerOnlyFile } from '../safety/durable-file.ts';
import { type ProcessIdentity, thisProcess } from '../safety/process-identity.ts';

export interface Started {
  readonly process: ProcessIdentity;
  /** Where it listens, when it is a server. */
  readonly url?: string | undefined;
}

export const logOf = (folder: string, name: string): string => join(folder, `${name}.log`);

/** Starts a process that outlives this one, and waits until it says that it is ready. It sees the folder, so that everybody can tell whose it is. */
export async function startProcess(
  folder: string,
  name: string,
  program: URL,
  words: readonly string[],
): Promise<Started> {
  const path = logOf(folder, name);
  const log = await open(path, 'a', ownerOnlyFile);
  const child = spawn(process.execPath, [fileURLToPath(program), folder, ...words], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', TZ: 'UTC' },
    detached: true,
    stdio: ['ignore', log.fd, log.fd, 'ipc'],
  });
  try {
    const ready = once(child, 'message');
    const ended = once(child, 'exit').then(() => undefined);
    const answer = await Promise.race([ready, ended]);
    if (answer === undefined) throw await failure(name, path);
    child.unref();
    return answer[0] as Started;
  } finally {
    await log.close();
  }
}

/** What such a process says of itself once it is ready. */
export async function tellReady(url?: string): Promise<void> {
  const started: Started = { process: await thisProcess(), url };
  process.send?.(started);
  process.disconnect?.();
}

async function failure(name: string, path: string): Promise<JobctlError> {
  const said = (await readFile(path, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-5);
  return new JobctlError('unexpected', [`The demo's ${name} did not start. Its log ends with:`, ...said].join('\n'));
}
