import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { type MemoryAdapter, memoryAdapter } from '../../src/adapters/memory/index.ts';
import { readOnly } from '../../src/adapters/wrap/read-only.ts';
import type { QueueReader } from '../../src/domain/adapter.ts';
import { JobctlError } from '../../src/domain/errors.ts';
import type { Desk, Talk } from '../../src/top/desk.ts';
import type { JobsScreen, State } from '../../src/top/model.ts';
import { type Runtime, startRuntime } from '../../src/top/runtime.ts';
import { beginning } from '../../src/top/state.ts';
import { until } from '../e2e/jobctl.ts';
import { place, plan } from './scene.ts';

interface Stage {
  readonly runtime: Runtime;
  readonly shown: () => State;
  press(...keys: string[]): void;
  until(what: string, holds: (state: State) => boolean): Promise<void>;
}

function start(adapter: MemoryAdapter, more: Partial<Desk> = {}, rows = 24): Stage {
  const reader = readOnly(adapter, 'only read');
  const desk: Desk = {
    ...place('test'),
    look: async () => ({
      backend: 'memory',
      version: '1',
      where: 'here',
      reads: 'peek',
      asOf: await reader.now(),
      queues: await reader.stats({}),
      pauses: [],
    }),
    reader: async () => reader,
    redact: async () => (value) => value,
    tests: async () => ({ group: () => true }),
    runs: async () => [],
    run: async () => Promise.reject(new Error('none')),
    unlock: () => {},
    write: async () => 'done',
    close: async () => {},
    ...more,
  };
  const first = beginning({ places: [desk], columns: 100, rows, now: 0, everyMs: 1000, unlocked: true });
  let shown = first;
  const runtime = startRuntime(first, {
    desks: [desk],
    clock: () => performance.now(),
    draw: (state) => (shown = state),
    suspend: () => {},
    exit: () => {},
  });
  onTestFinished(() => runtime.close());
  return {
    runtime,
    shown: () => shown,
    press: (...keys) => {
      for (const key of keys) runtime.dispatch({ type: 'key', key });
    },
    until: async (what, holds) => void (await until(what, () => holds(shown) || undefined)),
  };
}

const dead = (count: number): MemoryAdapter =>
  memoryAdapter({
    jobs: Array.from({ length: count }, (_, n) => ({
      queue: 'email',
      state: 'dead' as const,
      attempts: 5,
      error: { message: `connect to smtp-${n % 7}.internal timed out after ${n} s`, class: 'ConnectionError' },
    })),
  });
const at = (kind: string) => (state: State) =>
  state.screens.at(-1)?.kind === kind && !(state.screens.at(-1) as JobsScreen).loading;

it('fetches only as many jobs as are looked at', async () => {
  const adapter = dead(5000);
  let read = 0;
  const counting: QueueReader = {
    ...readOnly(adapter, 'only read'),
    async *browse(selection, options) {
      for await (const jobs of adapter.browse(selection, options)) {
        read += jobs.length;
        yield jobs;
      }
    },
  };
  const stage = start(adapter, { reader: async () => counting });
  await stage.until('the queue', ({ list }) => list.length === 1);
  stage.press('d');
  await stage.until('the groups', at('dead'));
  read = 0;
  stage.press('a');
  await stage.until('the first jobs', at('jobs'));
  expect((stage.shown().screens.at(-1) as JobsScreen).jobs).toHaveLength(100);
  expect(read).toBeLessThanOrEqual(500);
  stage.press('end');
  await stage.until('more jobs', (state) => (state.screens.at(-1) as JobsScreen).jobs.length === 200);
});

it('answers keys while it goes through a hundred thousand dead jobs', async () => {
  const adapter = dead(1);
  const [job] = await adapter
    .browse({ queues: ['email'], states: ['dead'] }, { size: 1, order: 'newest' })
    [Symbol.asyncIterator]()
    .next()
    .then(({ value }) => value ?? []);
  if (job === undefined) throw new Error('no job');
  const page = Array.from({ length: 1000 }, (_, n) => ({
    ...job,
    id: String(n),
    error: { message: `timed out after ${n} s at /srv/${n}/x.js:${n}:1` },
  }));
  const endless: QueueReader = {
    ...readOnly(adapter, 'only read'),
    async *browse() {
      for (let n = 0; n < 100; n += 1) yield page;
    },
  };
  const stage = start(adapter, { reader: async () => endless });
  await stage.until('the queue', ({ list }) => list.length === 1);
  stage.press('d');
  await sleep(0);
  let turns = 0;
  for (; !at('dead')(stage.shown()); turns += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(turns).toBeGreaterThan(1000); // the event loop goes round: a key has its turn at least every twenty jobs
});

it('a slow backend holds up no key, and is not asked twice', async () => {
  let asked = 0;
  const stage = start(memoryAdapter(), {
    look: () => {
      asked += 1;
      return new Promise(() => {});
    },
  });
  stage.press('?');
  await stage.until('the help', ({ help }) => help);
  await sleep(1100); // a tick
  expect(asked).toBe(1);
});

it('a lost backend leaves what was seen, and comes back by itself', async () => {
  const adapter = dead(3);
  let away = false;
  const reader = readOnly(adapter, 'only read');
  const stage = start(adapter, {
    look: async () => {
      if (away) throw new Error('connection refused');
      return {
        backend: 'memory',
        version: '1',
        where: 'here',
        reads: 'peek',
        asOf: await reader.now(),
        queues: await reader.stats({}),
        pauses: [],
      };
    },
  });
  await stage.until('the queue', ({ list }) => list.length === 1);
  away = true;
  stage.press('ctrl-r');
  await stage.until('the failure', ({ places }) => places[0]?.failure === 'connection refused');
  expect(stage.shown().list).toHaveLength(1);
  away = false;
  await stage.until('the backend', ({ places }) => places[0]?.failure === undefined);
});

it('asks, tells how far it is, and stops when it is told to', async () => {
  let told = '';
  const write = async (_order: unknown, talk: Talk): Promise<string> => {
    talk.plan(plan);
    if ((await talk.yesNo('Do it?')) !== true) throw new JobctlError('cancelled', 'Cancelled; nothing was changed.');
    talk.progress({ done: 1, of: 9, exact: true });
    await new Promise((resolve) => talk.signal.addEventListener('abort', resolve));
    told = 'stopped';
    return 'stopped after 1';
  };
  const stage = start(dead(9), { write });
  await stage.until('the queue', ({ list }) => list.length === 1);
  stage.press('d');
  await stage.until('the groups', at('dead'));
  stage.press('r', 'a');
  await stage.until('the question', ({ panel }) => panel?.stage === 'asking');
  stage.press('n');
  await stage.until('the end', ({ panel }) => panel?.stage === 'ended' && 'said' in panel.ending);
  stage.press('enter');
  await stage.until('the groups again', at('dead'));
  stage.press('r', 'a');
  await stage.until('the question', ({ panel }) => panel?.stage === 'asking');
  stage.press('y');
  await stage.until('progress', ({ panel }) => panel?.stage === 'running' && panel.progress?.done === 1);
  expect(stage.runtime.busy).toBe(true);
  stage.press('s');
  await stage.until('the end', ({ panel }) => panel?.stage === 'ended');
  expect([told, stage.runtime.busy]).toEqual(['stopped', false]);
});

it('asks nobody once the plan was dropped while it was made', async () => {
  const made = Promise.withResolvers<void>();
  const answers: unknown[] = [];
  const write = async (_order: unknown, talk: Talk): Promise<string> => {
    await made.promise;
    answers.push(await talk.yesNo('Do it?'));
    return 'over';
  };
  const stage = start(dead(9), { write });
  await stage.until('the queue', ({ list }) => list.length === 1);
  stage.press('d');
  await stage.until('the groups', at('dead'));
  stage.press('r', 'a', 'escape');
  made.resolve();
  await stage.until('the end', ({ panel }) => panel?.stage === 'ended');
  expect(answers).toEqual([undefined]);
});
