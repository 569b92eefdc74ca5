import type { QueueAdapter } from '../../domain/adapter.ts';
import type { Capability } from '../../domain/capability.ts';
import { JobctlError } from '../../domain/errors.ts';
import { claims } from './claim.ts';
import { Calls } from './client.ts';
import { type Patience, patient } from './consumers/patience.ts';
import { Directory } from './directory.ts';
import { empties } from './empties.ts';
import { enqueues } from './enqueue.ts';
import { Ground } from './ground.ts';
import { calm, type Tempo } from './held.ts';
import { locks } from './lock.ts';
import { moves } from './moves.ts';
import { reader } from './read.ts';
import { restores } from './restore.ts';
import { reverts } from './revert.ts';
import { type Surroundings, surroundings } from './surroundings.ts';
import { unseen } from './unseen.ts';

export interface SqsOptions {
  /** `sqs://REGION[/PREFIX]`; the prefix narrows what is listed. */
  readonly url: string;
  readonly region?: string | undefined;
  readonly profile?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Look also into queues whose own redrive policy counts each look. */
  readonly receive?: boolean | undefined;
  /** Bound of one call, milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly tempo?: Tempo | undefined;
  /** How long a change that AWS accepted may take to take effect, milliseconds. */
  readonly waitMs?: number | undefined;
  /** How it is waited for, where it is not the usual way. */
  readonly patience?: Patience | undefined;
}

const DEFAULT_TIMEOUT_MS = 15_000;

export async function openSqs(options: SqsOptions): Promise<QueueAdapter> {
  const { hostname, pathname } = new URL(options.url);
  const region = options.region ?? hostname;
  const prefix = pathname.replace(/^\//, '') || undefined;
  const endpoint = sound(options.endpoint ?? endpointOf(process.env));
  const { profile, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const calls = new Calls({ region, endpoint, profile, timeoutMs });
  try {
    const account = (await calls.account()) ?? (await accountOfQueues(calls));
    const known = [
      account === undefined ? undefined : `account ${account}`,
      endpoint === undefined ? undefined : `endpoint ${endpoint}`,
    ].filter((part) => part !== undefined);
    calls.where = `sqs://${region}${known.length === 0 ? '' : ` (${known.join(', ')})`}`;
    const directory = new Directory(calls, region, prefix);
    const own = options.endpoint === undefined ? undefined : endpoint;
    const around = { region, profile, endpoint: own, timeoutMs, where: calls.where };
    return adapterOf(calls, directory, surroundings(around, directory, patienceOf(options)), options);
  } catch (error) {
    calls.close();
    throw error;
  }
}

/** Throws `usage` where it is no URL; without user and password, which SQS has no use for. */
function sound(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new JobctlError('usage', 'The endpoint of SQS is not a URL that begins with http:// or https://.', {
      next: ['--endpoint-url http://127.0.0.1:4566   # or AWS_ENDPOINT_URL_SQS, or contexts.NAME.endpoint'],
    });
  }
  return `${url.origin}${url.pathname.replace(/\/$/, '')}`;
}

/** What the SDK would take from the environment. It is needed here to be told. */
function endpointOf(env: NodeJS.ProcessEnv): string | undefined {
  if (env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] === 'true') return undefined;
  return env['AWS_ENDPOINT_URL_SQS'] || env['AWS_ENDPOINT_URL'] || undefined;
}

const patienceOf = ({ patience = patient, waitMs }: SqsOptions): Patience =>
  waitMs === undefined ? patience : { ...patience, mostMs: waitMs };

/** Where listing is forbidden, AWS names the account as it refuses. Undefined where there is no queue at all. */
const accountOfQueues = (calls: Calls): Promise<string | undefined> =>
  calls.listQueues(undefined, 1).then(
    ([url]) => /\/(\d{12})\/[^/]+$/.exec(url ?? '')?.[1],
    (error: Error) => {
      if (/^Access denied/.test(error.message)) return accountIn(error.message);
      throw error;
    },
  );

/** `User: arn:aws:sts::123456789012:assumed-role/… is not authorized … on resource: arn:aws:sqs:REGION:123456789012:` */
const accountIn = (refusal: string): string | undefined =>
  /arn:[\w-]+:sqs:[\w-]+:(\d{12}):/.exec(refusal)?.[1] ?? /arn:[\w-]+:(?:iam|sts)::(\d{12}):/.exec(refusal)?.[1];

const none = (why: string, instead?: string): Capability<never> => ({
  level: 'none',
  why,
  ...(instead === undefined ? {} : { instead }),
});

function adapterOf(
  calls: Calls,
  directory: Directory,
  around: Surroundings,
  { receive, tempo = calm }: SqsOptions,
): QueueAdapter {
  const ground = new Ground({ calls, directory, tempo, mayReceive: receive ?? false, rivals: around.rivals });
  const acts = claims(ground);
  const reads = reader(ground);
  return {
    ...reads,
    ...around.reads,
    pain: async () => calls.throttles.pain(),
    stats: (request) => around.measured(request, () => reads.stats(request)),
    backend: {
      name: 'sqs',
      version: '2012-11-05',
      where: calls.where,
      errors: 'none',
      errorsNote: 'SQS keeps no error with a message: the log of the consumer has it.',
      priority: 'none',
      emptyAfter: tempo.empty,
      untold: { states: unseen },
      readOnlyServer: false,
      warnings: [],
    },
    can: {
      replay: {
        level: 'emulated',
        caveat:
          'Sent to its own queue as a new message with another id, then deleted; a crash in between may double up to 100. In a FIFO queue what is passed over hides the rest of its group. A dead message has the age of its sending, SQS keeps no time of death.',
        ops: acts,
      },
      reset: none(
        'a message that is being worked on comes back by itself when its visibility timeout has passed.',
        'Wait for the visibility timeout of the queue.',
      ),
      remove: {
        level: 'emulated',
        caveat: 'Received, saved and deleted one by one; what others hold is not met.',
        ops: acts,
      },
      cancel: none('a message that waits can be deleted, not marked.', 'jobctl job remove ID   # saves it first'),
      edit: none(
        'a message cannot be changed in its place.',
        'jobctl job remove ID   # then send the corrected message with your application',
      ),
      enqueue: {
        level: 'emulated',
        caveat:
          'The type goes along as the message attribute "type". On a FIFO queue the lane is the group and the key the deduplication id: within five minutes SQS answers a second one as if it were sent, which is told where the first was sent from here. A standard queue knows no key.',
        ops: enqueues(ground),
      },
      move: { level: 'native', ops: moves(ground) },
      empty: { level: 'native', ops: empties(ground) },
      restore: {
        level: 'emulated',
        caveat:
          'Sent again as a new message with another id. What an earlier restore of the same backup sent is left alone, as far as the journals of this machine tell.',
        ops: restores(ground),
      },
      revert: {
        level: 'emulated',
        caveat:
          'What still waits where a replay sent it is sent back as a new message and deleted; what a worker has taken is told, and left to it: pause them first. Looking there counts as a receive, hence --receive. SQS forgets then which queue it had died in.',
        ops: reverts(ground),
      },
      lock: {
        level: 'emulated',
        caveat:
          'A tag on the queue and on its dead-letter queue, with holder and expiry. It is advisory, and where the role may not tag (sqs:TagQueue, sqs:ListQueueTags) there is none.',
        ops: locks(ground),
      },
      ...around.can,
    },
    async close() {
      around.close();
      await ground.close();
    },
  };
}
