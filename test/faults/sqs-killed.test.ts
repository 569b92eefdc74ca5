import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openSqs } from '../../src/adapters/sqs/index.ts';
import { listRuns } from '../../src/safety/run-list.ts';
import { numbered } from '../adapters/sqs/scene.ts';
import { createSqs, type TestSqs } from '../setup/sqs.ts';
import { carryOut, type Order, worldOf } from './carry-out.ts';
import type { Death } from './kill-points.ts';
import { savedIds } from './scene.ts';
import { brisk } from './sqs-tempo.ts';
import { bundleVictim, forEach, type Victims } from './victim.ts';

const JOBS = 12;
const BATCH = 6;
const AT_ONCE = 4;

let victims: Victims;
beforeAll(async () => {
  victims = await bundleVictim(new URL('./sqs-pipeline-main.ts', import.meta.url));
});
afterAll(() => victims.remove());

interface Stage {
  readonly sqs: TestSqs;
  readonly stateDir: string;
  readonly bodies: readonly string[];
  readonly ids: readonly string[];
}

async function openStage(): Promise<Stage> {
  const sqs = await createSqs();
  const stateDir = await mkdtemp(join(tmpdir(), 'jobctl-sqs-killed-'));
  onTestFinished(async () => {
    await sqs.drop();
    await rm(stateDir, { recursive: true, force: true });
  });
  const messages = numbered(JOBS);
  const ids = await sqs.dead(await sqs.pair('orders'), messages);
  return { sqs, stateDir, ids, bodies: messages.map(({ MessageBody }) => MessageBody) };
}

/** In the source queue, by body, how often. */
async function sentOf({ sqs }: Stage): Promise<Map<string, number>> {
  const sent = new Map<string, number>();
  for (const { body } of (await sqs.stored('orders')).ready) sent.set(body, (sent.get(body) ?? 0) + 1);
  return sent;
}

async function shelfOf({ sqs }: Stage): Promise<string[]> {
  const { ready, inflight } = await sqs.stored('orders-dlq');
  return [...ready, ...inflight].map(({ body }) => body);
}

/** Kills the run there, looks whether anything is lost, takes it up again; how many messages were sent twice. */
async function killAndResume(order: Order, death: Death): Promise<number> {
  const stage = await openStage();
  const { sqs, stateDir, bodies, ids } = stage;
  expect(await victims.sendOut({ url: sqs.endpoint, stateDir, order, death })).toBeUndefined();
  const saved = await savedIds(stateDir);
  const there = new Set([...(await sentOf(stage)).keys(), ...(await shelfOf(stage))]);
  expect(bodies.filter((body, index) => !there.has(body) && !saved.has(ids[index] ?? ''))).toEqual([]);

  const [run] = (await listRuns(stateDir)).filter(({ state }) => state !== 'damaged');
  const adapter = await openSqs({ url: sqs.url, endpoint: sqs.endpoint, tempo: brisk });
  try {
    if (run?.state !== 'finished') {
      const next: Order = run === undefined ? order : { verb: 'resume', run: run.id };
      const report = await carryOut(worldOf(adapter, stateDir), next);
      expect(report.complete ? '' : report.stopped).toBe('');
    }
  } finally {
    await adapter.close();
  }
  expect(await shelfOf(stage)).toEqual([]);
  if (order.verb === 'purge') return 0;
  const sent = await sentOf(stage);
  expect([...sent.keys()].sort()).toEqual([...bodies].sort());
  return [...sent.values()].filter((times) => times > 1).length;
}

/** Where SQS differs from other backends; the rest of the pipeline is killed at every step on Postgres. */
const plays = [
  {
    verb: 'replay',
    steps: ['claimed', 'save', 'journal intent', 'apply', 'journal copied', 'copied', 'journal outcome', 'release'],
    // the third entry tells what was sent
    torn: [2, 3, 4],
  },
  { verb: 'purge', steps: ['claimed', 'apply', 'journal outcome'], torn: [3] },
] as const;

describe.each(plays)('a $verb on SQS, killed', ({ verb, steps, torn }) => {
  const order: Order = { verb, queue: 'orders' };

  it('before a step: nothing is lost, resume ends it, and only unrecorded sends are doubled', {
    timeout: 120_000,
  }, async () => {
    const stage = await openStage();
    const whole = await victims.sendOut({
      url: stage.sqs.endpoint,
      stateDir: stage.stateDir,
      order,
      death: { at: 'never', number: 0 },
    });
    expect(await shelfOf(stage)).toEqual([]);
    const names = whole?.names ?? [];
    expect(names).toEqual(expect.arrayContaining([...steps]));
    const points = steps.map((name) => ({ name, number: names.indexOf(name) + 1 }));
    await forEach(points, AT_ONCE, async ({ name, number }) => {
      const doubled = await killAndResume(order, { at: 'step', number });
      expect(doubled, name).toBe(name === 'journal copied' ? BATCH : 0);
    });
  });

  it('with a record cut short: doubled at most the batch in flight', { timeout: 120_000 }, async () => {
    const deaths: Death[] = torn.map((number) => ({ at: 'torn', number }));
    await forEach(deaths, AT_ONCE, async (death) => {
      expect(await killAndResume(order, death)).toBeLessThanOrEqual(BATCH);
    });
  });
});
