import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { JobctlError } from '../../domain/errors.ts';
import { DEFAULT_PREFIX } from './keys.ts';

/** Where a URL leads. Several hosts stand in it side by side: `redis://a:6379,b:6379/0?cluster=true`. */
export interface Target {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly kind: 'single' | 'cluster' | 'sentinel';
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly prefix: string | undefined;
  /** Sentinel: the name of the group of servers, and the password of the Sentinels themselves. */
  readonly group: string | undefined;
  readonly role: 'master' | 'slave';
  readonly sentinelPassword: string | undefined;
  readonly tls: Tls | undefined;
  /** Parameters that mean nothing here. */
  readonly ignored: readonly string[];
}

interface Tls {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly servername: string | undefined;
  readonly insecure: boolean;
}

const PORT = 6379;
const SENTINEL_PORT = 26379;
const known = new Set([
  ...['prefix', 'db', 'cluster', 'sentinel', 'sentinelPassword', 'role'],
  ...['ca', 'cert', 'key', 'servername', 'insecure', 'family'],
]);

const bad = (what: string): never => {
  throw new JobctlError('usage', `The URL of the Redis server ${what}.`, {
    next: ['redis[s]://[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…][/DB][?prefix=PREFIX&cluster=true&sentinel=NAME]'],
  });
};

export function targetOf(url: string): Target {
  const parts = /^(rediss?):\/\/(?:(.*)@)?([^/?#@]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/is.exec(url);
  if (parts === null) return bad('cannot be read');
  const [, scheme = '', login, hosts = '', path = '', query = ''] = parts;
  const parameters = new URLSearchParams(query);
  const get = (name: string): string | undefined => parameters.get(name) ?? undefined;
  const group = get('sentinel');
  const cluster = flag(get('cluster'), 'cluster');
  if (cluster && group !== undefined) bad('asks for a cluster and for Sentinel');
  const db = number(get('db') ?? (path === '' ? '0' : path), 'names a database that is not a number');
  if (cluster && db !== 0) bad('names a database, and a cluster has only number 0');
  const [user, password] = login === undefined ? [undefined, undefined] : split(login);
  return {
    nodes: hosts.split(',').map((host) => nodeOf(host, group === undefined ? PORT : SENTINEL_PORT)),
    kind: cluster ? 'cluster' : group === undefined ? 'single' : 'sentinel',
    username: user === '' ? undefined : user,
    password,
    db,
    prefix: get('prefix'),
    group,
    role: /^(replica|slave)$/.test(get('role') ?? '') ? 'slave' : 'master',
    sentinelPassword: get('sentinelPassword'),
    tls:
      scheme.toLowerCase() === 'rediss'
        ? {
            ca: get('ca'),
            cert: get('cert'),
            key: get('key'),
            servername: get('servername'),
            insecure: flag(get('insecure'), 'insecure'),
          }
        : undefined,
    ignored: [...parameters.keys()].filter((name) => !known.has(name)),
  };
}

/** The prefix of a URL may be percent-encoded, and that of a configuration may not be empty. */
export const prefixOf = (target: Target, configured: string | undefined): string =>
  target.prefix ?? configured ?? DEFAULT_PREFIX;

const flag = (text: string | undefined, name: string): boolean =>
  text === undefined || /^(false|0|no)$/i.test(text)
    ? false
    : /^(true|1|yes|)$/i.test(text) || bad(`has ${name}=, which is true or false`);

const number = (text: string, fault: string): number => (/^\d{1,6}$/.test(text) ? Number(text) : bad(fault));

/** The password may hold any sign but must be percent-encoded where that would end the part it stands in. */
function split(login: string): [string, string | undefined] {
  const colon = login.indexOf(':');
  const decoded = (text: string): string => {
    try {
      return decodeURIComponent(text);
    } catch {
      return bad('holds a % in its login that begins no code; write %25 for the sign itself');
    }
  };
  // redis://secret@host has been written for a password alone, but to Redis 6 and later it is a user
  return colon < 0 ? [decoded(login), undefined] : [decoded(login.slice(0, colon)), decoded(login.slice(colon + 1))];
}

function nodeOf(text: string, usual: number): { host: string; port: number } {
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:]*))(?::(\d+))?$/.exec(text) ?? bad('names a host that cannot be read');
  return {
    host: bracketed ?? (plain || '127.0.0.1'),
    port: port === undefined ? usual : portOf(port),
  };
}

function portOf(text: string): number {
  const port = number(text, 'names a bad port');
  return port > 0 && port < 65_536 ? port : bad('names a bad port');
}

interface Access {
  readonly username?: string;
  readonly password?: string;
  readonly tls?: ConnectionOptions;
}

/** What all connections to this place have in common; files of certificates are read here. */
export async function accessOf({ username, password, tls }: Target): Promise<Access> {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && {
      tls: {
        ...(tls.ca !== undefined && { ca: await pem(tls.ca) }),
        ...(tls.cert !== undefined && { cert: await pem(tls.cert) }),
        ...(tls.key !== undefined && { key: await pem(tls.key) }),
        ...(tls.servername !== undefined && { servername: tls.servername }),
        rejectUnauthorized: !tls.insecure,
      },
    }),
  };
}

const pem = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: Error) => {
    throw new JobctlError('usage', `Cannot read ${path}, named in the URL: ${cause.message}`, {
      next: ['ca=, cert= and key= in the URL are paths of PEM files; write %2F or / between folders.'],
      cause,
    });
  });
