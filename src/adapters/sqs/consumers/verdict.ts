import type { DoctorFinding } from '../../../domain/doctor.ts';
import { nameInArn, type Queue } from '../directory.ts';

/** What of a Lambda consumer decides whether it fits its queue. */
export interface Consumer {
  readonly name: string;
  readonly uuid: string;
  /** Undefined where Lambda does not tell. */
  readonly timeoutSeconds: number | undefined;
  readonly windowSeconds: number;
  readonly batchSize: number;
  /** It tells which messages of a batch failed. */
  readonly reportsItems: boolean;
  readonly filters: number;
}

/** AWS's own advice for the sum of all retries of a batch. */
const TIMES = 6;
const LEAST_RECEIVES = 5;

/** `shelf`: the queue's dead-letter queue, undefined where it cannot be seen. */
export function judgeQueue(queue: Queue, shelf: Queue | undefined): DoctorFinding[] {
  const { name, redrive } = queue;
  if (redrive === undefined) return [withoutShelf(queue)];
  const found: DoctorFinding[] = [];
  if (redrive.maxReceiveCount < LEAST_RECEIVES)
    found.push({
      id: 'few-receives',
      severity: 'warning',
      queue: name,
      what: `maxReceiveCount is ${redrive.maxReceiveCount}, less than ${LEAST_RECEIVES}.`,
      why: 'Throttling and looks count as receives: messages that never failed end in the dead-letter queue.',
      next: [`Set maxReceiveCount to ${LEAST_RECEIVES} or more in the redrive policy of ${name}.`],
    });
  const shelfName = nameInArn(redrive.arn);
  if (shelf === undefined)
    found.push({
      id: 'dlq-not-seen',
      severity: 'warning',
      queue: name,
      what: `Its dead-letter queue ${shelfName} is not there, or may not be seen.`,
      why: 'Where it is not there, a message that keeps failing is tried for ever, until its retention is over.',
      next: [`aws sqs get-queue-url --queue-name ${shelfName}`],
    });
  // a FIFO message begins its time anew in the dead-letter queue
  else if (!queue.fifo && shelf.retentionSeconds <= queue.retentionSeconds)
    found.push({
      id: 'dlq-retention-short',
      severity: 'problem',
      queue: name,
      what: `Its dead-letter queue ${shelf.name} keeps messages ${days(shelf.retentionSeconds)}, the queue itself ${days(queue.retentionSeconds)}.`,
      why: 'A dead message keeps the age of its sending: one that died late is deleted before anybody sees it.',
      next: [`aws sqs set-queue-attributes --queue-url ${shelf.url} --attributes MessageRetentionPeriod=1209600`],
    });
  return found;
}

const withoutShelf = ({ name, url, retentionSeconds }: Queue): DoctorFinding => ({
  id: 'no-dlq',
  severity: 'warning',
  queue: name,
  what: 'It has no dead-letter queue.',
  why: `A message that keeps failing is tried again and again for ${days(retentionSeconds)}, then deleted: nobody sees it, and nothing can be replayed.`,
  next: [
    `aws sqs set-queue-attributes --queue-url ${url} --attributes '{"RedrivePolicy":"{\\"deadLetterTargetArn\\":\\"ARN\\",\\"maxReceiveCount\\":\\"${LEAST_RECEIVES}\\"}"}'`,
    'If it takes the dead of SNS, EventBridge or Lambda itself, it needs none.',
  ],
});

export function judgeConsumer(queue: Queue, consumer: Consumer): DoctorFinding[] {
  const { name, uuid, timeoutSeconds: timeout, windowSeconds, batchSize, reportsItems, filters } = consumer;
  const found: DoctorFinding[] = [];
  const least = timeout === undefined ? 0 : timeout * TIMES + windowSeconds;
  if (timeout !== undefined && queue.visibilitySeconds < least)
    found.push({
      id: 'visibility-too-short',
      // shorter than one run: every slow message is handed out twice
      severity: queue.visibilitySeconds < timeout ? 'problem' : 'warning',
      queue: queue.name,
      what: `The visibility timeout is ${queue.visibilitySeconds} s, and function ${name} may run ${timeout} s.`,
      why: `Lambda tries a throttled batch again within that time: below ${TIMES} × the timeout of the function (${least} s here) messages come again while they are worked on.`,
      next: [
        `aws sqs set-queue-attributes --queue-url ${queue.url} --attributes VisibilityTimeout=${least}`,
        `Or a shorter timeout of ${name}.`,
      ],
    });
  if (!reportsItems && batchSize > 1)
    found.push({
      id: 'whole-batch-fails',
      severity: 'warning',
      queue: queue.name,
      what: `The mapping of function ${name} does not take ReportBatchItemFailures, with batches of ${batchSize}.`,
      why: 'One bad message makes the whole batch come again: healthy messages end in the dead-letter queue with it.',
      next: [
        `aws lambda update-event-source-mapping --uuid ${uuid} --function-response-types ReportBatchItemFailures`,
        `First make ${name} answer with batchItemFailures: an answer without them then means success.`,
      ],
    });
  if (filters > 0)
    found.push({
      id: 'filter-deletes',
      severity: 'problem',
      queue: queue.name,
      what: `The mapping of function ${name} has ${filters} filter${filters === 1 ? '' : 's'}.`,
      why: 'Lambda deletes what no filter takes from the queue: such messages are gone, without a trace.',
      next: [
        `aws lambda get-event-source-mapping --uuid ${uuid} --query FilterCriteria`,
        'Filter in front of the queue instead, or make sure that every message is meant by a filter.',
      ],
    });
  return found;
}

const days = (seconds: number): string => `${Math.round((seconds / 86_400) * 10) / 10} days`;
