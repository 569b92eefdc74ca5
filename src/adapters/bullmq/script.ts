import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Cluster, Connection, Redis, Reply } from './connection.ts';

/** A script of ours. What it does is part of what a backup and a journal mean: a change to one is a new name. */
export interface Script {
  readonly name: string;
  readonly text: string;
  /** May run while Redis refuses whatever takes memory, because it gives some back. */
  readonly frees: boolean;
}

const shared = readFileSync(new URL('./lua/shared.lua', import.meta.url), 'utf8');
const adding = readFileSync(new URL('./lua/adding.lua', import.meta.url), 'utf8');

const writing = (name: string, text: string, frees = false): Script => ({ name, text: `${shared}\n${text}`, frees });

export const scripts = {
  page: { name: 'page', text: readFileSync(new URL('./lua/page.lua', import.meta.url), 'utf8'), frees: false },
  hold: writing('hold', readFileSync(new URL('./lua/hold.lua', import.meta.url), 'utf8'), true),
  release: { name: 'release', text: readFileSync(new URL('./lua/release.lua', import.meta.url), 'utf8'), frees: true },
  lock: { name: 'lock', text: readFileSync(new URL('./lua/lock.lua', import.meta.url), 'utf8'), frees: true },
  replay: writing('replay', readFileSync(new URL('./lua/replay.lua', import.meta.url), 'utf8')),
  reset: writing('reset', readFileSync(new URL('./lua/reset.lua', import.meta.url), 'utf8')),
  remove: writing('remove', readFileSync(new URL('./lua/remove.lua', import.meta.url), 'utf8'), true),
  edit: writing('edit', readFileSync(new URL('./lua/edit.lua', import.meta.url), 'utf8')),
  editCopy: writing('edit-copy', readFileSync(new URL('./lua/edit-copy.lua', import.meta.url), 'utf8')),
  restore: writing('restore', readFileSync(new URL('./lua/restore.lua', import.meta.url), 'utf8')),
  revert: writing('revert', readFileSync(new URL('./lua/revert.lua', import.meta.url), 'utf8')),
  pause: writing('pause', readFileSync(new URL('./lua/pause.lua', import.meta.url), 'utf8')),
  enqueue: writing('enqueue', `${adding}\n${readFileSync(new URL('./lua/enqueue.lua', import.meta.url), 'utf8')}`),
  adopt: writing('adopt', `${adding}\n${readFileSync(new URL('./lua/adopt.lua', import.meta.url), 'utf8')}`),
  schedulerOut: writing('scheduler-out', readFileSync(new URL('./lua/scheduler-out.lua', import.meta.url), 'utf8')),
  schedulerIn: writing('scheduler-in', readFileSync(new URL('./lua/scheduler-in.lua', import.meta.url), 'utf8')),
} as const satisfies Record<string, Script>;

export type Argument = string | Buffer;

const digests = new Map<string, string>();

function digestOf(text: string): string {
  let digest = digests.get(text);
  if (digest === undefined) {
    digest = createHash('sha1').update(text).digest('hex');
    digests.set(text, digest);
  }
  return digest;
}

/** Since 7.0 a script can say that it may run without memory to spare. */
const textFor = ({ text, frees }: Script, { server }: Connection): string =>
  frees && Number.parseInt(server.version, 10) >= 7 ? `#!lua flags=allow-oom\n${text}` : text;

/** One indivisible step. Its text is sent only when the server does not know it yet. */
export const run = (
  connection: Connection,
  script: Script,
  keys: readonly string[],
  given: readonly Argument[],
): Promise<Reply> => {
  const text = textFor(script, connection);
  const call = (redis: Redis | Cluster, command: 'EVALSHA' | 'EVAL', what: string): Promise<Reply> =>
    redis.callBuffer(command, [what, String(keys.length), ...keys, ...given]) as Promise<Reply>;
  return connection.ask(async (redis) => {
    try {
      return await call(redis, 'EVALSHA', digestOf(text));
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return await call(redis, 'EVAL', text);
    }
  });
};
