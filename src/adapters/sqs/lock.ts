import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, LockRequest, Locks } from '../../domain/adapter.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Queue } from './directory.ts';
import { nameOf } from './errors.ts';
import type { Ground } from './ground.ts';

/** A tag on the queue says who has it and until when. It keeps out those who look; SQS itself heeds it not. */
const TAG = 'jobctl:lock';
const LASTS_MS = 60_000;
const RENEW_MS = 20_000;
const POLL_MS = 250;

interface Tag {
  readonly token: string;
  readonly until: number;
  readonly since: string;
  readonly holder: string;
}

const written = ({ token, until, since, holder }: Tag): string =>
  // the characters that a tag may hold
  `${token}/${until}/${since}/${hostname()}/${process.pid}/${holder}`
    .replace(/[^\p{L}\p{N}\p{Z}+\-=._:/@]/gu, '_')
    .slice(0, 256);

function readTag(text: string | undefined, now: number): Tag | undefined {
  const [token, until, since, host, pid, ...holder] = (text ?? '').split('/');
  if (token === undefined || holder.length === 0 || !(Number(until) > now)) return undefined;
  if (host === hostname() && !isAlive(Number(pid))) return undefined;
  return { token, until: Number(until), since: since ?? '', holder: holder.join('/') };
}

/** A run that was killed on this machine need not be waited for. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it is there, and somebody else's
  }
}

export const locks = (ground: Ground): Locks => ({
  async acquire(request) {
    ground.calls.refuseWhenClosed();
    const deadline = performance.now() + request.waitMs;
    const queues = await lockable(ground, request.queues);
    const token = randomBytes(6).toString('hex');
    const taken: Taken[] = [];
    try {
      for (const queue of queues) taken.push(await take(ground, queue, { token, deadline, request }));
      return kept(ground, taken, token, request);
    } catch (error) {
      await Promise.all(taken.map((one) => one.giveBack()));
      throw error;
    }
  },
});

/** The queues and where their dead lie, in one order for everybody. */
async function lockable({ directory }: Ground, names: readonly string[]): Promise<Queue[]> {
  const found = new Map<string, Queue>();
  for (const name of names) {
    const queue = await directory.mustBe(name);
    found.set(queue.arn, queue);
    const dead = queue.redrive && (await directory.byArn(queue.redrive.arn));
    if (dead !== undefined) found.set(dead.arn, dead);
  }
  return [...found.values()].sort((a, b) => (a.arn < b.arn ? -1 : 1));
}

interface Taken {
  readonly queue: Queue;
  isOurs(): Promise<boolean>;
  renew(): Promise<void>;
  giveBack(): Promise<void>;
}

interface Wish {
  readonly token: string;
  readonly deadline: number;
  readonly request: LockRequest;
}

async function take(ground: Ground, queue: Queue, { token, deadline, request }: Wish): Promise<Taken> {
  const { calls } = ground;
  const since = new Date(calls.clock.now()).toISOString().slice(0, 19);
  const put = (): Promise<void> =>
    calls.tag(queue.url, TAG, written({ token, until: calls.clock.now() + LASTS_MS, since, holder: request.holder }));
  const there = async (): Promise<Tag | undefined> => readTag((await calls.tags(queue.url))[TAG], calls.clock.now());
  try {
    for (;;) {
      const holder = await there();
      if (holder === undefined) {
        await put();
        if ((await there())?.token === token) break; // the last to write has it
        continue;
      }
      const left = deadline - performance.now();
      if (left <= 0) throw heldBy(queue, holder);
      await sleep(Math.min(POLL_MS, left));
    }
  } catch (error) {
    if (nameOf((error as Error).cause) !== 'AccessDenied') throw error;
    // a role that may not tag is not kept from its work; the caveat of the lock says so
    return { queue, isOurs: async () => true, renew: async () => {}, giveBack: async () => {} };
  }
  const isOurs = async (): Promise<boolean> => (await there())?.token === token;
  return {
    queue,
    isOurs,
    async renew() {
      if (await isOurs()) await put();
    },
    async giveBack() {
      if (await isOurs().catch(() => false)) await calls.untag(queue.url, TAG).catch(() => {});
    },
  };
}

function kept(ground: Ground, taken: readonly Taken[], token: string, { queues }: LockRequest): Lock {
  const lost = new AbortController();
  const isOurs = async (): Promise<boolean> => {
    const ours = await Promise.all(taken.map((one) => one.isOurs()));
    const gone = taken.find((_, index) => !ours[index]);
    if (gone === undefined) return true;
    lost.abort(new JobctlError('locked', `The lock on ${gone.queue.name} was lost to another run (${token}).`));
    return false;
  };
  const timer = setInterval(() => {
    isOurs()
      .then((ours) => (ours ? Promise.all(taken.map((one) => one.renew())) : undefined))
      .catch(() => {}); // asked again in time, and before every write
  }, RENEW_MS);
  timer.unref();
  for (const queue of queues) ground.locks.set(queue, isOurs);
  const giveBack = ground.owe(async () => {
    clearInterval(timer);
    for (const queue of queues) if (ground.locks.get(queue) === isOurs) ground.locks.delete(queue);
    await Promise.all(taken.map((one) => one.giveBack()));
  });
  return { lost: lost.signal, release: giveBack };
}

const heldBy = (queue: Queue, { holder, since, until }: Tag): JobctlError =>
  new JobctlError('locked', `The queue ${queue.name} is locked by another run (${holder}, since ${since} UTC).`, {
    next: [
      'Wait for it, or add --wait-lock 30s.',
      `A run that was killed loses it by itself, at ${new Date(until).toISOString().slice(11, 19)} UTC.`,
    ],
  });
