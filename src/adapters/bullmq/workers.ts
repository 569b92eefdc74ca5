import type { Worker } from '../../domain/adapter.ts';
import { fromDate } from '../../domain/instant.ts';
import type { Connection } from './connection.ts';

/** Idle or not, a worker's blocking connection asks again within this time (drainDelay is 5 s). */
const SILENT_SECONDS = 60;

/**
 * The workers seen: each names its blocking connection `<prefix>:<base64 of the queue>[:w:<name>]`. A proxy may hide them,
 * and some services forbid the question, so that their absence proves nothing.
 */
export async function workers(connection: Connection, prefix: string, nowMs: number): Promise<Worker[]> {
  const lists = await connection.ask(() =>
    Promise.all(connection.masters().map((node) => node.call('CLIENT', 'LIST') as Promise<string>)),
  );
  const found: Worker[] = [];
  for (const line of lists.flatMap((list) => list.split(/\r?\n/))) {
    const { name = '', addr = '', idle = '', flags = '' } = partsOf(line);
    const who = workerOf(name, prefix);
    if (who === undefined) continue;
    const idleSeconds = Number(idle) || 0;
    found.push({
      id: `${who.queue} ${who.name ?? addr}`,
      queue: who.queue,
      seenAt: fromDate(new Date(nowMs - idleSeconds * 1000)),
      // a blocked connection is waiting for work, which is a sign of life
      silent: !flags.includes('b') && idleSeconds > SILENT_SECONDS,
    });
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

const partsOf = (line: string): Record<string, string> =>
  Object.fromEntries(
    line
      .split(' ')
      .filter((part) => part.includes('='))
      .map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );

/** Prefixes and queues hold any sign; a client's name holds no blank, so the queue stands in base64. */
function workerOf(name: string, prefix: string): { queue: string; name: string | undefined } | undefined {
  if (!name.startsWith(`${prefix}:`)) return undefined;
  const rest = name.slice(prefix.length + 1);
  const cut = rest.indexOf(':w:');
  const coded = cut < 0 ? rest : rest.slice(0, cut);
  // other connections of the library carry other endings
  if (!/^[A-Za-z0-9+/]+=*$/.test(coded) || coded.length % 4 !== 0) return undefined;
  const queue = Buffer.from(coded, 'base64').toString('utf8');
  if (Buffer.from(queue, 'utf8').toString('base64') !== coded) return undefined;
  return { queue, name: cut < 0 ? undefined : rest.slice(cut + 3) };
}
