import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { type Dice, dice } from '../dice.ts';
import { tenants } from '../payloads.ts';
import { clientFor, DEAD, QUEUE } from './server.ts';

type OrderType = 'order.invoice' | 'order.ship';

const DAY = 86_400;

/** 44 orders died while the tax service was down, which is mended; 17 have an address that the carrier does not know. */
export async function seedOrders(url: string): Promise<number> {
  const client = await clientFor(url);
  const d = dice(20_260_303);
  try {
    const dead = await create(client, DEAD, { MessageRetentionPeriod: String(14 * DAY) });
    const live = await create(client, QUEUE, {
      MessageRetentionPeriod: String(4 * DAY),
      VisibilityTimeout: '60',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 5 }),
    });
    await send(client, dead.url, [
      ...times(44, () => order(d, 'order.invoice')),
      ...times(17, () => order(d, 'order.ship')),
    ]);
    await send(client, live.url, [
      ...times(20, () => order(d, 'order.invoice')),
      ...times(8, () => order(d, 'order.ship')),
    ]);
    return 44 + 17 + 20 + 8;
  } finally {
    client.destroy();
  }
}

async function create(client: SQSClient, name: string, attributes: Record<string, string>) {
  const { QueueUrl: url = '' } = await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  const { Attributes } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
  );
  return { url, arn: Attributes?.QueueArn ?? '' };
}

export interface Order {
  readonly type: OrderType;
  readonly body: string;
}

export const order = (d: Dice, type: OrderType): Order => ({
  type,
  body: JSON.stringify({
    order_id: `ord_${d.hex(8)}`,
    tenant: d.pick(tenants),
    total: { cents: d.whole(490, 24_990), currency: 'EUR' },
    customer_token: d.hex(24),
  }),
});

/** Ten a call, which is the most that SQS takes. */
export async function send(client: SQSClient, url: string, all: readonly Order[]): Promise<void> {
  for (let from = 0; from < all.length; from += 10) {
    const Entries = all.slice(from, from + 10).map(({ type, body }, index) => ({
      Id: String(index),
      MessageBody: body,
      MessageAttributes: { type: { DataType: 'String', StringValue: type } },
    }));
    const { Failed = [] } = await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    if (Failed.length > 0) throw new Error(`The emulator refused an order: ${Failed[0]?.Message}`);
  }
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
