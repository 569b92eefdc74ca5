import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { openSqs } from '../../src/adapters/sqs/index.ts';
import type { QueueAdapter } from '../../src/domain/adapter.ts';
import type { RunFolder } from '../../src/safety/run-folder.ts';
import { listRuns } from '../../src/safety/run-list.ts';
import { numbered } from '../adapters/sqs/scene.ts';
import { createSqs, type TestSqs } from '../setup/sqs.ts';
import { carryOut, type Order, worldOf } from './carry-out.ts';
import { type Death, mortalAdapter, mortalPorts, mortalRun, Steps } from './kill-points.ts';
import { savedIds } from './scene.ts';
import { brisk } from './sqs-tempo.ts';
import { bundleVictim, forEach, type Victims } from './victim.ts';

const JOBS = 12;
const BATCH = 6;
const AT_ONCE = 6;

let victims: Victims;
beforeAll(async () => {
  victims = await bundleVictim(new URL('./sqs-pipeline-main.ts', import.meta.url));
});
afterAll(() => victims.remove());

type Verb = 'replay' | 'purge' | 'evacuate' | 'restore' | 'undo';

interface Stage {
  readonly sqs: TestSqs;
  readonly stateDir: string;
  readonly order: Order;
  /** Where the messages lie that the run takes, and where those are that it has sent. */
  readonly from: string;
  readonly to: string;
  readonly bodies: readonly string[];
  readonly ids: readonly string[];
}

/** As in the process that is killed; `receive`, because what waits is taken out as well. */
const openHere = (sqs: TestSqs) => openSqs({ url: sqs.url, endpoint: sqs.endpoint, tempo: brisk, receive: true });

async function openStage(verb: Verb): Promise<Stage> {
  const sqs = await createSqs();
  const stateDir = await mkdtemp(join(tmpdir(), 'jobctl-sqs-killed-'));
  onTestFinished(async () => {
    await sqs.drop();
    await rm(stateDir, { recursive: true, force: true });
  });
  const messages = numbered(JOBS);
  const pair = await sqs.pair('orders');
  const waits = verb === 'evacuate';
  const from = waits ? 'orders' : 'orders-dlq';
  const to = waits ? 'orders-dlq' : 'orders';
  const ids = await (waits ? sqs.send(pair.source, messages) : sqs.dead(pair, messages));
  const bodies = messages.map(({ MessageBody }) => MessageBody);
  if (verb !== 'restore' && verb !== 'undo')
    return { sqs, stateDir, order: { verb, queue: 'orders' }, from, to, ids, bodies };
  await using adapter = disposable(await openHere(sqs));
  if (verb === 'undo') {
    // of a replay: what it sent is sent back
    const { run = '' } = await carryOut(worldOf(adapter, stateDir), { verb: 'replay', queue: 'orders' });
    return { sqs, stateDir, order: { verb, run }, from: to, to: from, ids, bodies };
  }
  const { run } = await carryOut(worldOf(adapter, stateDir), { verb: 'purge', queue: 'orders' });
  // a restore takes nothing from a queue, and sends to where it lay
  return { sqs, stateDir, order: { verb, run: run ?? '' }, from: 'orders', to: from, ids, bodies };
}

const disposable = (adapter: QueueAdapter) => Object.assign(adapter, { [Symbol.asyncDispose]: () => adapter.close() });

/** What was sent, by body, how often. */
async function sentOf({ sqs, to }: Stage): Promise<Map<string, number>> {
  const sent = new Map<string, number>();
  for (const { body } of (await sqs.stored(to)).ready) sent.set(body, (sent.get(body) ?? 0) + 1);
  return sent;
}

async function leftOf({ sqs, from }: Stage): Promise<string[]> {
  const { ready, inflight } = await sqs.stored(from);
  return [...ready, ...inflight].map(({ body }) => body);
}

/** Kills the run there, looks whether anything is lost, takes it up again; how many messages were sent twice. */
async function killAndResume(verb: Verb, death: Death): Promise<number> {
  const stage = await openStage(verb);
  const { sqs, stateDir, order, bodies, ids } = stage;
  const before = new Set((await listRuns(stateDir)).map(({ id }) => id));
  expect(await victims.sendOut({ url: sqs.endpoint, stateDir, order, death })).toBeUndefined();
  const saved = await savedIds(stateDir);
  const there = new Set([...(await sentOf(stage)).keys(), ...(await leftOf(stage))]);
  expect(bodies.filter((body, index) => !there.has(body) && !saved.has(ids[index] ?? ''))).toEqual([]);

  const [run] = (await listRuns(stateDir)).filter(({ id, state }) => state !== 'damaged' && !before.has(id));
  if (run?.state !== 'finished') {
    await using adapter = disposable(await openHere(sqs));
    const next: Order = run === undefined ? order : { verb: 'resume', run: run.id };
    const report = await carryOut(worldOf(adapter, stateDir), next);
    expect(report.complete ? '' : report.stopped).toBe('');
  }
  expect(await leftOf(stage)).toEqual([]);
  const sent = await sentOf(stage);
  expect([...sent.keys()].sort()).toEqual(verb === 'purge' || verb === 'evacuate' ? [] : [...bodies].sort());
  return [...sent.values()].filter((times) => times > 1).length;
}

/** The steps of a whole run, by name, and that they are all there are in its batches. */
async function stepsOf(verb: Verb): Promise<string[]> {
  const stage = await openStage(verb);
  const steps = new Steps({ at: 'never', number: 0 });
  await using adapter = disposable(await openHere(stage.sqs));
  const world = worldOf(mortalAdapter(adapter, steps), stage.stateDir);
  const around = (run: RunFolder): RunFolder => mortalRun(run, steps);
  await carryOut({ ...world, around, ports: mortalPorts(world.ports, steps) }, stage.order);
  expect(await leftOf(stage)).toEqual([]);
  return steps.names;
}

/**
 * Each step of a batch, of each verb. A purge of the dead and an evacuation take messages out by the same steps, so that
 * the purge is only killed where it deletes.
 */
const plays = [
  {
    verb: 'replay',
    steps: ['claimed', 'save', 'journal intent', 'apply', 'journal copied', 'copied', 'journal outcome', 'release'],
    // the third entry tells what was sent
    torn: [2, 3, 4],
  },
  { verb: 'evacuate', steps: ['claimed', 'save', 'journal intent', 'apply', 'journal outcome', 'release'], torn: [] },
  { verb: 'purge', steps: ['apply'], torn: [3] },
  {
    verb: 'undo',
    steps: ['claimed', 'save', 'journal intent', 'apply', 'journal copied', 'copied', 'journal outcome', 'release'],
    torn: [3],
  },
  {
    verb: 'restore',
    steps: ['hold', 'journal intent', 'apply', 'journal copied', 'copied', 'journal outcome'],
    torn: [],
  },
] as const;

it.each(plays)(
  '$verb on SQS, killed: nothing is lost, resume ends it, and only unrecorded sends are doubled',
  {
    timeout: 120_000,
  },
  async ({ verb, steps, torn }) => {
    const names = await stepsOf(verb);
    expect(names).toEqual(expect.arrayContaining([...steps]));
    const points = steps.map((name) => ({ name, death: { at: 'step', number: names.indexOf(name) + 1 } as Death }));
    const cuts = torn.map((number) => ({ name: 'a record cut short', death: { at: 'torn', number } as Death }));
    await forEach<{ name: string; death: Death }>([...points, ...cuts], AT_ONCE, async ({ name, death }) => {
      const doubled = await killAndResume(verb, death);
      if (death.at === 'torn') expect(doubled).toBeLessThanOrEqual(BATCH);
      else expect(doubled, name).toBe(name === 'journal copied' ? BATCH : 0);
    });
  },
);
