import { readFile, truncate } from 'node:fs/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import type { Claim, Claims, Note, Returns } from '../../src/domain/claim.ts';
import type { Ports } from '../../src/operations/ports.ts';
import type { RunFolder } from '../../src/safety/run-folder.ts';

/**
 * Where a process dies. `step`: just before this step of the pipeline, counted from 1. `commit`: with this COMMIT, or this
 * script for Redis, on its way and its answer still to come. `torn`: with the file of this save or entry cut short, as when the power fails.
 */
export interface Death {
  readonly at: 'step' | 'commit' | 'torn' | 'never';
  readonly number: number;
}

/** Counts the steps and dies at the one that was named. */
export class Steps {
  readonly #death: Death;
  readonly names: string[] = [];
  commits = 0;
  writes = 0;

  constructor(death: Death) {
    this.#death = death;
  }

  async before<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.names.push(name);
    if (this.#death.at === 'step' && this.names.length === this.#death.number) die();
    return await work();
  }

  /** The bytes are on the disk in part; the caller is never told. */
  async torn(path: () => string | undefined, work: () => Promise<unknown>): Promise<void> {
    this.writes += 1;
    if (this.#death.at !== 'torn' || this.writes !== this.#death.number) return;
    const file = path();
    const before = file === undefined ? 0 : await sizeOf(file);
    await work();
    const written = path() ?? '';
    const after = await sizeOf(written);
    await truncate(written, before + Math.ceil((after - before) / 2));
    die();
  }

  watchCommits(): void {
    const steps = this;
    const death = this.#death;
    const original = pg.Client.prototype.query as (...given: unknown[]) => unknown;
    pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]): unknown {
      const sent = original.apply(this, given);
      if (given[0] === 'COMMIT') {
        steps.commits += 1;
        // the statement has left this process when the event loop comes round; its answer has not been read
        if (death.at === 'commit' && steps.commits === death.number) setImmediate(die);
      }
      return sent;
    } as typeof pg.Client.prototype.query;
  }

  /** Every script, also those that only read. */
  watchScripts(): void {
    const steps = this;
    const death = this.#death;
    const original = Redis.prototype.sendCommand;
    Redis.prototype.sendCommand = function (this: Redis, ...given: Parameters<typeof original>): unknown {
      const sent = original.apply(this, given);
      if (/^evalsha$/i.test(given[0].name)) {
        steps.commits += 1;
        if (death.at === 'commit' && steps.commits === death.number) setImmediate(die);
      }
      return sent;
    };
  }
}

const die = (): void => void process.kill(process.pid, 'SIGKILL');

const sizeOf = async (path: string): Promise<number> => (await readFile(path).catch(() => Buffer.alloc(0))).length;

/** The same ports, each a step. */
export function mortalPorts(ports: Ports, steps: Steps): Ports {
  return {
    ...ports,
    confirm: (plan) => steps.before('confirm', () => ports.confirm(plan)),
    async lock(plan) {
      const lock = await steps.before('lock', () => ports.lock(plan));
      return { ...lock, release: () => steps.before('unlock', () => lock.release()) };
    },
    open: async (plan) => mortalRun(await steps.before('open', () => ports.open(plan)), steps),
    audit: (plan, run, ended) => steps.before('audit', () => ports.audit(plan, run, ended)),
  };
}

export function mortalRun(run: RunFolder, steps: Steps): RunFolder {
  return {
    id: run.id,
    path: run.path,
    plan: run.plan,
    journalPath: run.journalPath,
    get backupPath() {
      return run.backupPath;
    },
    get nextBatch() {
      return run.nextBatch;
    },
    async save(jobs) {
      await steps.torn(
        () => run.backupPath,
        () => run.save(jobs),
      );
      return await steps.before('save', () => run.save(jobs));
    },
    async journal(entry) {
      await steps.torn(
        () => run.journalPath,
        () => run.journal(entry),
      );
      await steps.before(`journal ${entry.at}`, () => run.journal(entry));
    },
    report: (report) => steps.before('report', () => run.report(report)),
    close: () => steps.before('close', () => run.close()),
  };
}

/** The same adapter, each claim, write and release a step. */
export function mortalAdapter(adapter: QueueAdapter, steps: Steps): QueueAdapter {
  const mortalClaim = (claim: Claim): Claim => ({
    ...claim,
    apply: (jobs, note) => {
      // between the two halves of a write, once the first is on record
      const mortalNote: Note = async (copies) => {
        await note?.(copies);
        await steps.before('copied', async () => {});
      };
      return steps.before('apply', () => claim.apply(jobs, mortalNote));
    },
    release: () => steps.before('release', () => claim.release()),
  });
  async function* mortalWalk(walk: AsyncIterable<Claim>): AsyncGenerator<Claim> {
    for await (const claim of walk) yield await steps.before('claimed', async () => mortalClaim(claim));
  }
  const claims = (ops: Claims): Claims => ({
    ...ops,
    claim: (request) => mortalWalk(ops.claim(request)),
  });
  const returns = ({ walk, ...ops }: Returns): Returns => ({
    ...ops,
    hold: async (...given) => mortalClaim(await steps.before('hold', () => ops.hold(...given))),
    ...(walk && { walk: (...given) => mortalWalk(walk(...given)) }),
  });
  const { can } = adapter;
  const wrapped = <Ops>(capability: { level: string; ops?: Ops }, wrap: (ops: Ops) => Ops) =>
    capability.ops === undefined ? capability : { ...capability, ops: wrap(capability.ops) };
  return {
    ...adapter,
    can: {
      ...can,
      replay: wrapped(can.replay as never, claims) as never,
      reset: wrapped(can.reset as never, claims) as never,
      remove: wrapped(can.remove as never, claims) as never,
      restore: wrapped(can.restore as never, returns) as never,
      revert: wrapped(can.revert as never, returns) as never,
    },
  };
}

/** Every second one: of one seed the odd ones, of the next the even ones. */
export const half = (deaths: readonly Death[], seed: number): Death[] =>
  deaths.filter((_, index) => index % 2 === seed % 2);
