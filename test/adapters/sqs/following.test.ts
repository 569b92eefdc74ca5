import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { smokeQueue } from '../../../src/cli/smoke-queue.ts';
import { drain } from '../../../src/operations/drain.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import type { TestQueue } from '../../setup/sqs.ts';
import { openOffice } from './office.ts';
import { bodies, numbered, openScene, remove, type Scene } from './scene.ts';

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

describe('smoke', () => {
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
});
