import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock, LockRequest } from '../../domain/adapter.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Connection } from './connection.ts';
import { type Holder, holderIn, isGone, thisPlace } from './holder.ts';
import { ownKey } from './own-keys.ts';
import { run, scripts } from './script.ts';

/** A lock that is not renewed ends after this long. */
const TTL_MS = 15_000;
const RENEW_MS = 5_000;
const POLL_MS = 100;

interface Held {
  readonly token: string;
  readonly queues: readonly string[];
  readonly lost: AbortController;
  readonly timer: NodeJS.Timeout;
}

/**
 * The locks that this adapter holds. Every script that writes is given the token of its queue and writes nothing unless the
 * lock still has it: a run that was thought dead and comes back cannot write next to its successor.
 */
export class Locks {
  readonly #connection: Connection;
  readonly #prefix: string;
  readonly #held = new Map<string, Held>();

  constructor(connection: Connection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
  }

  /** Empty where no lock was asked for. */
  token(queue: string): string {
    return this.#held.get(queue)?.token ?? '';
  }

  /** Says that the lock is gone to all who rely on it; the error for whoever found out. */
  lose(queue: string): JobctlError {
    const error = new JobctlError('locked', `The lock on the queue ${queue} was lost: another run may have begun.`, {
      next: ['jobctl run list', 'Take the run up again when no other is at work: jobctl run resume.'],
    });
    const held = this.#held.get(queue);
    if (held !== undefined) {
      clearInterval(held.timer);
      held.lost.abort(error);
    }
    return error;
  }

  async acquire({ queues, holder, waitMs }: LockRequest): Promise<Lock> {
    const names = [...new Set(queues)].sort();
    const told: Holder = {
      holder,
      since: new Date().toISOString(),
      on: thisPlace(),
      pid: process.pid,
      id: randomBytes(8).toString('hex'),
    };
    const token = JSON.stringify(told);
    const deadline = performance.now() + waitMs;
    const taken: string[] = [];
    try {
      for (const queue of names) {
        await this.#take(queue, token, deadline);
        taken.push(queue);
      }
    } catch (error) {
      await this.#free(taken, token);
      throw error;
    }
    const held = this.#hold(names, token);
    return { lost: held.lost.signal, release: () => this.#release(held) };
  }

  async close(): Promise<void> {
    for (const held of new Set(this.#held.values())) await this.#release(held);
  }

  #hold(queues: readonly string[], token: string): Held {
    let renewed = performance.now();
    const renew = async (): Promise<void> => {
      for (const queue of queues) {
        const answer = await this.#ask('renew', queue, token).catch(() => undefined);
        if (answer === 1) renewed = performance.now();
        else if (answer !== undefined || performance.now() - renewed > TTL_MS) this.lose(queue);
      }
    };
    const timer = setInterval(() => void renew(), RENEW_MS);
    timer.unref();
    const held: Held = { token, queues, lost: new AbortController(), timer };
    for (const queue of queues) this.#held.set(queue, held);
    return held;
  }

  async #take(queue: string, token: string, deadline: number): Promise<void> {
    let gone = '';
    for (;;) {
      const answer = await this.#ask('take', queue, token, gone);
      if (answer === 1) return;
      const holder = holderIn(answer);
      if (holder !== undefined && answer !== gone && isGone(holder)) {
        gone = answer;
        continue;
      }
      if (performance.now() >= deadline) throw lockedBy(queue, holder);
      await sleep(Math.min(POLL_MS, Math.max(1, deadline - performance.now())));
    }
  }

  async #ask(what: 'take' | 'renew' | 'free', queue: string, token: string, gone = ''): Promise<1 | string> {
    const key = ownKey(this.#prefix, queue, 'lock');
    const answer = await run(this.#connection, scripts.lock, [key], [what, token, String(TTL_MS), gone]);
    return answer === 1 ? 1 : String(answer);
  }

  async #release(held: Held): Promise<void> {
    clearInterval(held.timer);
    const mine = held.queues.filter((queue) => this.#held.get(queue) === held);
    for (const queue of mine) this.#held.delete(queue);
    await this.#free(mine, held.token);
  }

  /** Whatever could not be freed ends by itself. */
  async #free(queues: readonly string[], token: string): Promise<void> {
    for (const queue of queues) await this.#ask('free', queue, token).catch(() => undefined);
  }
}

function lockedBy(queue: string, holder: Holder | undefined): JobctlError {
  const who =
    holder === undefined ? '' : ` (${holder.holder}, since ${holder.since.slice(0, 19).replace('T', ' ')} UTC)`;
  return new JobctlError('locked', `The queue ${queue} is locked by another run${who}.`, {
    next: [
      'Wait for it, or add --wait-lock 30s.',
      `A run that is dead loses its lock within ${TTL_MS / 1000} seconds.`,
      'jobctl run list',
    ],
  });
}
