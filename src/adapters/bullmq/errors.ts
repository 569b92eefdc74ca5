import { type ErrorKind, JobctlError } from '../../domain/errors.ts';

type Mapping = readonly [test: RegExp, kind: ErrorKind, what: (where: string, message: string) => string, next: string];

/** By the error code in front of a Redis reply, by Node's own codes, and by ioredis' words. The first that fits is taken. */
const mappings: readonly Mapping[] = [
  [
    /^NOAUTH|^ERR .*authentication/i,
    'unreachable',
    (where) => `${where} wants a password, and the URL has none`,
    'Write it as redis://USER:${REDIS_PASSWORD}@HOST, or redis://:${REDIS_PASSWORD}@HOST where there is no user.',
  ],
  [
    /^WRONGPASS|invalid password|invalid username-password/i,
    'unreachable',
    (where) => `${where} refused the user name or the password`,
    'Check user and password in the URL; what they hold besides letters and digits must be percent-encoded.',
  ],
  [
    /^NOPERM/,
    'unreachable',
    (where, message) => `the user of ${where} may not do this: ${message}`,
    'Reading needs +@read +@connection +info +time, and writing +@write +@scripting, on all keys of the prefix (ACL SETUSER).',
  ],
  [
    /^LOADING/,
    'unreachable',
    (where) => `${where} is still loading its data after a start`,
    'Try again when it is done: redis-cli INFO persistence tells how long that takes.',
  ],
  [
    /^READONLY/,
    'refused',
    (where) => `${where} is a read-only replica`,
    'Point the context at the primary to write; redis-cli INFO replication names it.',
  ],
  [
    /^OOM/,
    'refused',
    (where) => `${where} has reached maxmemory and takes no writes`,
    'Free memory, or raise maxmemory; removing jobs needs none: jobctl dlq purge.',
  ],
  [
    /^MISCONF/,
    'refused',
    (where) => `${where} takes no writes, because it cannot save its data to disk`,
    'Look at the disk and the log of the server; redis-cli INFO persistence shows the last error.',
  ],
  [
    /^NOREPLICAS/,
    'refused',
    (where) => `${where} takes no writes while too few replicas follow it`,
    'Look at the replicas: redis-cli INFO replication.',
  ],
  [
    /^BUSY/,
    'timeout',
    (where) => `a script of another client keeps ${where} busy`,
    'Wait for it; SCRIPT KILL ends one that has not written yet.',
  ],
  [
    /^CLUSTERDOWN/,
    'unreachable',
    (where) => `the cluster at ${where} is down: not every slot is served`,
    'redis-cli --cluster check HOST:PORT tells which.',
  ],
  [
    /^CROSSSLOT|same slots? allocation group/i,
    'unsupported',
    (where) => `the keys of the queue lie in several slots of the cluster at ${where}`,
    'In a cluster BullMQ needs a prefix or a queue name with braces, such as {bull}: then prefix: "{bull}" here as well.',
  ],
  [
    /^(MOVED|ASK) /,
    'unreachable',
    (where) => `${where} is a node of a Redis Cluster, and the URL does not say so`,
    'Add the parameter cluster=true to the URL: redis://HOST:PORT/?cluster=true.',
  ],
  [
    /^TRYAGAIN/,
    'unreachable',
    (where) => `the cluster at ${where} is moving the keys of the queue to another node`,
    'Try again when that is done: redis-cli --cluster check HOST:PORT tells.',
  ],
  [
    /too many cluster redirections/i,
    'unreachable',
    (where) => `the cluster at ${where} sent every request on to another node`,
    'It may be moving slots or failing over. Try again when redis-cli --cluster check HOST:PORT is content.',
  ],
  [
    /cluster support disabled/i,
    'usage',
    (where) => `${where} is no Redis Cluster, and the URL says it is`,
    'Take cluster=true out of the URL.',
  ],
  [
    /all sentinels are unreachable/i,
    'unreachable',
    (where) => `no Sentinel at ${where} names a server`,
    'Check the hosts and the name in sentinel=NAME: redis-cli -p 26379 SENTINEL masters.',
  ],
  [
    /^FOREIGN /,
    'unsupported',
    (where, message) =>
      `${message.slice('FOREIGN '.length)} at ${where} is a key of another kind: it is not BullMQ's, and nothing was written`,
    'Another program uses the same prefix and name. redis-cli TYPE tells what a key is.',
  ],
  [
    /^WRONGTYPE/,
    'unsupported',
    (where) => `under the name of this queue ${where} holds a key of another kind: it is not BullMQ's`,
    'Another program uses the same prefix and name. redis-cli TYPE tells what a key is.',
  ],
  [
    /^ERR (invalid DB index|DB index is out of range)/i,
    'usage',
    (where) => `${where} has no database of that number`,
    'Check the number at the end of the URL: redis-cli CONFIG GET databases.',
  ],
  [
    /ECONNREFUSED/,
    'unreachable',
    (where) => `nothing listens at ${where}: connection refused`,
    'Is the server running, and are host and port right?',
  ],
  [
    /ENOTFOUND|EAI_AGAIN/,
    'unreachable',
    (where) => `the host of ${where} is not known here`,
    'Check the host name in the URL, or the network.',
  ],
  [
    /RESP type 21 |unknown RESP type 21\b/i,
    'unreachable',
    (where) => `${where} speaks TLS`,
    'Write rediss:// in place of redis://.',
  ],
  [
    /RESP type|protocol error, got|parser error/i,
    'unreachable',
    (where) => `what answers at ${where} is not a Redis server`,
    'Check host and port.',
  ],
  [
    /certificate|self.signed|ERR_TLS_CERT/i,
    'unreachable',
    (where, message) => `the certificate of ${where} was not accepted: ${message}`,
    'Name its authority with the parameter ca=FILE in the URL, or its host with servername=NAME.',
  ],
  [
    /wrong version number|ssl3_|EPROTO|before secure TLS connection/i,
    'unreachable',
    (where) => `${where} does not speak TLS`,
    'Write redis:// in place of rediss://.',
  ],
  [
    /to a TLS handshake/,
    'timeout',
    (where, message) => `${where} did not answer in time: ${message}`,
    'Does it speak TLS at all? A server without TLS leaves rediss:// unanswered: write redis://.',
  ],
  [
    /socket timeout|command timed out|no answer within/i,
    'timeout',
    (where, message) => `${where} did not answer in time: ${message}`,
    'redis-cli --latency shows whether the server is busy; --timeout gives it longer.',
  ],
  [
    /ETIMEDOUT|EHOSTUNREACH|ENETUNREACH/,
    'unreachable',
    (where) => `no answer from ${where}`,
    'Check the network and the firewall. A server without TLS does not answer rediss:// either.',
  ],
  [
    /ECONNRESET|EPIPE|connection is closed|max retries per request|stream isn't writeable|connection lost|connection close|none of startup nodes|failed to refresh slots/i,
    'unreachable',
    // of how often the driver tries nobody has asked
    (where, message) => `lost the connection to ${where}${/max retries/i.test(message) ? '' : `: ${message}`}`,
    'Try again when the server is back.',
  ],
];

const textOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && !error.message.includes(code) ? `${code} ${error.message}` : error.message;
};

/** What lies beneath an error that only says that all has failed. */
const causeOf = (error: unknown): unknown => {
  if (error instanceof AggregateError && error.errors.length > 0) return causeOf(error.errors[0]);
  const { lastNodeError } = (error ?? {}) as { lastNodeError?: unknown };
  return lastNodeError instanceof Error ? causeOf(lastNodeError) : error;
};

/** Every error of the driver as a JobctlError; anything unknown stays what it is: a bug to see. */
export function toJobctlError(error: unknown, where: string): Error {
  if (error instanceof JobctlError) return error;
  const message = textOf(causeOf(error));
  for (const [test, kind, what, next] of mappings) {
    if (test.test(message)) {
      return new JobctlError(kind, what(where, message), { next: [next], cause: error });
    }
  }
  return error instanceof Error ? error : new Error(message);
}

/** True when the server itself answered with an error: what was asked did not happen, nothing is in doubt. */
export const isServerAnswer = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ReplyError' && !/^(UNBLOCKED)/.test(error.message);
