import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../domain/instant.ts';
import { diskError, errorCode } from './disk-error.ts';
import { makeFolder, ownerOnlyFile, syncFolder } from './durable-file.ts';
import { readLines } from './line-reader.ts';
import { maskArgv, maskSecrets } from './mask.ts';

/** One line for each write, and for each look at what is normally hidden. */
export interface AuditEntry {
  readonly time: Instant;
  readonly user: string;
  readonly host: string;
  readonly context: string;
  readonly queues: readonly string[];
  readonly verb: string;
  readonly run?: string | undefined;
  /** The words of the command; secrets in them are masked here, whoever calls. */
  readonly command: readonly string[];
  readonly reason?: string | undefined;
  readonly outcome: string;
  readonly exitCode: number;
  readonly showSensitive?: boolean | undefined;
  /** The tables were newer than this program knows, and it was told to write all the same. */
  readonly newerSchema?: string | undefined;
}

export const auditPath = (stateDir: string): string => join(stateDir, 'audit.ndjson');

/** Resolves when the entry is on the disk. Several processes may append at once: each entry is one write. */
export async function appendAudit(stateDir: string, entry: AuditEntry): Promise<void> {
  await makeFolder(stateDir);
  const path = auditPath(stateDir);
  const { reason } = entry;
  const masked = {
    ...entry,
    command: maskArgv(entry.command),
    ...(reason === undefined ? {} : { reason: maskSecrets(reason) }),
  };
  try {
    const file = await open(path, 'a+', ownerOnlyFile);
    try {
      const { size } = await file.stat();
      // A line that a crash cut short must not swallow this one.
      const cut = size > 0 && (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] !== 0x0a;
      await file.appendFile(`${cut ? '\n' : ''}${JSON.stringify(masked)}\n`);
      await file.sync();
      if (size === 0) await syncFolder(stateDir);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw await diskError(path, cause);
  }
}

/** The entries, oldest first. Lines that cannot be read are told to `unreadable` by their number, and passed over. */
export async function* readAudit(
  stateDir: string,
  unreadable: (line: number) => void = () => {},
): AsyncGenerator<AuditEntry> {
  let line = 0;
  try {
    for await (const { text } of readLines(auditPath(stateDir))) {
      line++;
      if (text === '') continue;
      const entry = parse(text);
      if (entry === undefined) unreadable(line);
      else yield entry;
    }
  } catch (cause) {
    if (errorCode(cause) !== 'ENOENT') throw cause;
  }
}

function parse(text: string): AuditEntry | undefined {
  try {
    const entry = JSON.parse(text) as AuditEntry | null;
    return typeof entry === 'object' && entry !== null && Array.isArray(entry.command) ? entry : undefined;
  } catch {
    return undefined;
  }
}
