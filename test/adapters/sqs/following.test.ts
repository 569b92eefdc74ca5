import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { smokeQueue } from '../../../src/cli/smoke-queue.ts';
import { canaryOn } from '../../../src/operations/canary.ts';
import { drain } from '../../../src/operations/drain.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import type { TestQueue } from '../../setup/sqs.ts';
import { openOffice } from './office.ts';
import { bodies, numbered, openScene, remove, replay, type Scene } from './scene.ts';

/** What GetQueueAttributes says of a queue from now on, look after look; the last one stays. */
function counting(scene: Scene, queue: string, looks: readonly { visible: number; inFlight: number }[]): void {
  let at = 0;
  scene.standIn.fault = (action, body) => {
    if (action !== 'GetQueueAttributes' || !String(body['QueueUrl']).endsWith(`/${queue}`)) return undefined;
    const { visible, inFlight } = looks[Math.min(at++, looks.length - 1)] ?? { visible: 0, inFlight: 0 };
    return {
      answer: (answer) => ({
        Attributes: {
          ...(answer['Attributes'] as object),
          ApproximateNumberOfMessages: String(visible),
          ApproximateNumberOfMessagesNotVisible: String(inFlight),
        },
      }),
    };
  };
}

const look = (visible: number, inFlight = 0) => ({ visible, inFlight });

describe('waiting for an empty queue', () => {
  it('is not over at one zero, nor at two: stale counts come and go', async () => {
    const scene = await openScene();
    await scene.pair('orders');
    const adapter = await scene.open({ tempo: { ...hasty, empty: { looks: 3, seconds: 60 } } });
    counting(scene, 'orders', [look(2), look(0, 2), look(0), look(0), look(1), look(0), look(0), look(0)]);
    let clock = 0;
    const seen: number[] = [];
    const ended = await drain(
      adapter,
      { queues: ['orders'], within: 600, includeDelayed: false, activeOnly: false, every: 1 },
      {
        now: () => clock,
        async sleep() {
          clock += 25;
        },
        signal: new AbortController().signal,
        show: ({ remaining }) => void seen.push(remaining),
      },
    );
    expect(seen).toEqual([2, 2, 0, 0, 1, 0, 0, 0, 0]);
    expect(ended).toMatchObject({ drained: true, exact: false });
    expect(scene.standIn.calls).not.toContain('ReceiveMessage');
  });
});

describe('taking out what waits', () => {
  it('saves and deletes all that can be received, says what cannot be, and brings it back as it was', async () => {
    const scene = await openScene();
    const { source } = await scene.pair('orders');
    await scene.send(source, numbered(14));
    await scene.send(source, [{ MessageBody: 'late', DelaySeconds: 900 }]);
    const office = await openOffice(await scene.open({ receive: true }));
    await scene.client.send(new ReceiveMessageCommand({ QueueUrl: source.url, MaxNumberOfMessages: 2 }));
    const states = ['waiting', 'delayed'] as const;
    const selection = { queues: ['orders'], states };
    const report = await office.act({ verb: 'evacuate', selection, action: remove });
    expect(report).toMatchObject({ matched: 12, outcomes: { done: 12 } });
    const said = office.plans[0]?.warnings.join('\n') ?? '';
    expect(said).toMatch(/About 2 messages of orders are in flight/);
    expect(said).toMatch(/About 1 messages of orders are delayed/);
    const left = await scene.stored('orders');
    expect([left.ready.length, left.inflight.length, left.delayed.length]).toEqual([0, 2, 1]);
    const restored = await office.restore(report.run ?? '', true);
    expect(restored).toMatchObject({ complete: true, outcomes: { done: 12 } });
    const back = bodies((await scene.stored('orders')).ready);
    expect([...back, ...bodies(left.inflight)].sort()).toEqual(
      numbered(14)
        .map(({ MessageBody }) => MessageBody)
        .sort(),
    );
  });
});

/** Takes one message and ends it. */
async function workOn(scene: Scene, { source, dlq }: { source: TestQueue; dlq: TestQueue }, end: 'done' | 'dead') {
  for (;;) {
    const { Messages } = await scene.client.send(
      new ReceiveMessageCommand({ QueueUrl: source.url, WaitTimeSeconds: 1, MessageAttributeNames: ['All'] }),
    );
    const [message] = Messages ?? [];
    if (message === undefined) continue;
    if (end === 'dead') {
      const [id] = await scene.dead({ source, dlq }, [{ MessageBody: message.Body ?? '' }]);
      scene.standIn.rename(id ?? '', message.MessageId ?? ''); // SQS keeps the id of a message that dies
    }
    const handle = message.ReceiptHandle ?? '';
    await scene.client.send(new DeleteMessageCommand({ QueueUrl: source.url, ReceiptHandle: handle }));
    return message;
  }
}
const tempo = { ...hasty, empty: { looks: 2, seconds: 0.2 } };

describe('smoke', () => {
  it('sees by the disappearance of its message that it was handled, without ever receiving from the queue', async () => {
    const scene = await openScene();
    const pair = await scene.pair('orders');
    const office = await openOffice(await scene.open({ tempo }));
    const worked = workOn(scene, pair, 'done');
    const said: string[] = [];
    const order = { queue: 'orders', type: 'order.ping', payload: '{"note":"{mark}"}', within: '20s' };
    const smoke = await smokeQueue(office.session, office.ports, office.pace, order, (text) => void said.push(text));
    expect(smoke).toMatchObject({ ok: true, ended: 'gone', seenBy: 'its disappearance', cleanedUp: true });
    expect(smoke).toMatchObject({
      checks: [{ note: expect.stringMatching(/not visible, not in flight and not among the dead/) }, {}, {}],
    });
    expect((await worked).MessageAttributes?.['type']?.StringValue).toBe('order.ping');
    expect(said.join()).toMatch(/orders: ~\d waiting, ~\d in flight/);
  });

  it('finds its message among the dead, and takes it away', async () => {
    const scene = await openScene();
    const pair = await scene.pair('orders');
    const office = await openOffice(await scene.open({ tempo }));
    const worked = workOn(scene, pair, 'dead');
    const order = { queue: 'orders', within: '20s' };
    const smoke = await smokeQueue(office.session, office.ports, office.pace, order, () => {});
    await worked;
    expect(smoke).toMatchObject({ ok: false, ended: 'dead', cleanedUp: true, newlyDead: 0 });
    expect((await scene.stored('orders-dlq')).ready).toEqual([]);
  });

  it('does not claim anything where the queue is never seen empty', async () => {
    const scene = await openScene();
    const { source } = await scene.pair('orders');
    await scene.send(source, numbered(2));
    const office = await openOffice(await scene.open({ tempo }));
    const order = { queue: 'orders', within: '1s' };
    const smoke = await smokeQueue(office.session, office.ports, office.pace, order, () => {});
    expect(smoke).toMatchObject({
      ok: false,
      ended: 'timeout',
      cleanedUp: false,
      checks: [
        { note: expect.stringMatching(/~3 waiting, ~0 in flight, ~0 delayed: it may be one of these/) },
        {},
        { note: expect.stringMatching(/is still there: Looking into orders counts as a receive/) },
      ],
    });
  });

  it('says that its message still waited only when it could be taken away from there', async () => {
    const scene = await openScene();
    const { source } = await scene.pair('orders');
    await scene.send(source, numbered(2));
    const office = await openOffice(await scene.open({ tempo, receive: true }));
    const order = { queue: 'orders', within: '0s' };
    const smoke = await smokeQueue(office.session, office.ports, office.pace, order, () => {});
    expect(smoke).toMatchObject({ ended: 'timeout', cleanedUp: true });
    expect(smoke).toMatchObject({ checks: [{ note: 'it was still waiting' }, {}, {}] });
    expect((await scene.stored('orders')).ready).toHaveLength(2);
  });
});

describe('a canary', () => {
  /** Replays the dead of `orders` or what else is asked; one goes first, and a worker ends it. */
  async function replayed(end: 'done' | 'dead' | undefined, { from = 'orders', wait = 20 } = {}) {
    const scene = await openScene();
    const pair = await scene.pair('orders');
    await scene.dead(pair, numbered(3));
    const adapter = await scene.open({ tempo });
    const said: string[] = [];
    const canary = canaryOn(
      adapter,
      { count: 1, wait, maxFailures: 0 },
      {
        now: () => performance.now() / 1000,
        sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, Math.min(seconds, 0.1) * 1000)),
        signal: new AbortController().signal,
        show: (text) => void said.push(text),
      },
    );
    const office = await openOffice(adapter, { canary });
    const worked = end && workOn(scene, pair, end);
    const selection = { queues: [from], states: ['dead'] as const };
    const report = await office.act({ verb: 'replay', selection, action: replay });
    await worked;
    return { scene, report, said, office };
  }

  it('ended well when its queue is known to be empty and it is not among the dead; then the others follow', async () => {
    const { report, scene } = await replayed('done');
    expect(report).toMatchObject({ complete: true, outcomes: { done: 3 } });
    expect((await scene.stored('orders')).ready).toHaveLength(2);
  });

  it('is found among the dead by its new id; the others stay there, and what died again is no part of the run', async () => {
    const { report, scene, said, office } = await replayed('dead');
    expect(report).toMatchObject({ complete: false, stopped: expect.stringMatching(/^the canary died: 1 of 1 ended/) });
    expect(said.at(-1)).toBe('canary: 1 of 1 ended, 1 of them died again');
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(3);
    expect(await office.goOn(report.run ?? '')).toMatchObject({ outcomes: { done: 3 } });
    expect((await scene.stored('orders-dlq')).ready).toHaveLength(1);
  });

  it.each(['orders', 'orders-dlq'])('gives no answer while it waits in its own queue: replay %s', async (from) => {
    const { report, scene } = await replayed(undefined, { from, wait: 0.5 });
    expect(report).toMatchObject({ complete: false, outcomes: { done: 1 } });
    expect(report.stopped).toMatch(/^the canary gave no answer within 0.7 s: 1 of 1 jobs have not ended/);
    expect((await scene.stored('orders')).ready).toHaveLength(1);
  });
});

it('a message that was replayed twice within a day is left alone, whatever its ids were, also when one replay was taken back', async () => {
  const scene = await openScene();
  const pair = await scene.pair('orders');
  await scene.dead(pair, numbered(2));
  const office = await openOffice(await scene.open({ tempo, receive: true }));
  const where = { queues: ['orders'], states: ['dead'] as const };
  const again = () => office.act({ verb: 'replay', selection: where, limit: 1, action: replay });
  const runs = [(await again()).run];
  await workOn(scene, pair, 'dead');
  const all = () => office.act({ verb: 'replay', selection: where, action: replay });
  const second = await all();
  expect(second).toMatchObject({ outcomes: { done: 2 } });
  runs.push(second.run);
  const waiting = { queues: ['orders'], states: ['waiting'] as const };
  const out = await office.act({ verb: 'evacuate', selection: waiting, action: remove });
  expect(await office.restore(out.run ?? '')).toMatchObject({ outcomes: { done: 2 } });
  const third = await all();
  expect(third).toMatchObject({ complete: false, outcomes: { done: 1, skipped: 1 } });
  expect(third.skipped).toEqual([{ id: expect.any(String), why: `replayed-twice: by ${runs[1]}, ${runs[0]}` }]);
  expect((await scene.stored('orders-dlq')).ready).toHaveLength(1);
});
