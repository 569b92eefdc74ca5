import { DEAD, QUEUE } from '../orders/server.ts';
import { type StatsAnswer, statsAgree } from './answers.ts';
import { type Part, replayOnly } from './part.ts';
import type { Row, Rows } from './rows.ts';
import { look } from './step.ts';

const MENDED = 'order.invoice';

export const ordersPart: Part = {
  name: 'sqs',
  steps: [
    look({
      title: 'A third team sends its orders through Amazon SQS.',
      words: () => ['stats'],
      check: ({ answer, after }) => {
        const { queues } = answer as StatsAnswer; // the dead-letter queue has a row of its own, with the same jobs
        return statsAgree({ queues: queues.filter(({ queue }) => queue === QUEUE) }, after);
      },
      proves: 'each count is what lies in the queue and its dead-letter queue',
    }),
    replayOnly(
      'The tax service answers again: the invoices go back where they belong.',
      [QUEUE, '--type', MENDED],
      ({ type }) => type === MENDED,
    ),
  ],
  rows: readRows,
};

interface Message {
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, { readonly StringValue?: string }>>;
}

/** The emulator shows its queues without a receive. */
async function readRows(url: string): Promise<Rows> {
  const [live, dead] = await Promise.all([messagesOf(url, QUEUE), messagesOf(url, DEAD)]);
  const rows = [...live.map((one) => rowOf(one, 'todo')), ...dead.map((one) => rowOf(one, 'failed'))];
  return new Map(rows.map((row) => [row.id, row]));
}

async function messagesOf(url: string, queue: string): Promise<Message[]> {
  const answer = await fetch(`${url}/_fauxqs/queues/${queue}`);
  const { messages } = (await answer.json()) as { messages: { ready: Message[]; inflight: { message: Message }[] } };
  return [...messages.ready, ...messages.inflight.map(({ message }) => message)];
}

/** SQS gives a message that is sent again another id: the order's own names it. */
const rowOf = ({ body, messageAttributes }: Message, status: string): Row => ({
  id: (JSON.parse(body) as { order_id: string }).order_id,
  queue: QUEUE,
  type: messageAttributes['type']?.StringValue ?? '',
  status,
  queueingLock: null,
  attempts: 0,
  all: JSON.stringify([status, body, messageAttributes]),
});
