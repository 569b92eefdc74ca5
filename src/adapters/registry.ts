import type { QueueAdapter } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';

/** What an adapter must know to open its backend. */
export interface Opening {
  /** With its secrets. */
  readonly url: string;
  /** Without them, for messages. */
  readonly where: string;
  readonly schema?: string | undefined;
  readonly dialect?: string | undefined;
  /** Bound of one call to the backend, milliseconds. */
  readonly timeoutMs?: number | undefined;
}

type Open = (opening: Opening) => Promise<QueueAdapter>;

const openPostgres: Open = async (opening) => (await import('./postgres/index.ts')).openPostgres(opening);

/** By URL scheme. A driver is loaded only when a context uses it. */
const byScheme: Readonly<Record<string, Open>> = {
  postgres: openPostgres,
  postgresql: openPostgres,
  memory: async ({ url }) => (await import('./memory/seed-file.ts')).openMemory(url),
};

export async function openAdapter(opening: Opening): Promise<QueueAdapter> {
  const scheme = opening.url.slice(0, opening.url.indexOf(':')).toLowerCase();
  const open = byScheme[scheme];
  if (open === undefined) {
    throw new JobctlError('unsupported', `There is no adapter for ${scheme}: yet.`, {
      next: ['Supported now: postgres://, memory:'],
    });
  }
  return await open(opening);
}
