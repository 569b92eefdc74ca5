import type { SQSClient } from '@aws-sdk/client-sqs';

/** A region that AWS does not have, so that nobody takes the demo for the real one. */
export const REGION = 'eu-demo-1';
export const QUEUE = 'orders';
export const DEAD = 'orders-dlq';

/** The emulator asks for credentials of any kind. */
export async function clientFor(url: string): Promise<SQSClient> {
  const sqs = await import('@aws-sdk/client-sqs');
  return new sqs.SQSClient({
    region: REGION,
    endpoint: url,
    credentials: { accessKeyId: 'demo', secretAccessKey: 'demo' },
    useQueueUrlAsEndpoint: false,
  });
}
