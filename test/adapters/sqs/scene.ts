import { onTestFinished } from 'vitest';
import { openSqs, type SqsOptions } from '../../../src/adapters/sqs/index.ts';
import type { Action } from '../../../src/domain/action.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import type { Claims } from '../../../src/domain/claim.ts';
import type { JobState } from '../../../src/domain/job.ts';
import type { Selection } from '../../../src/domain/selection.ts';
import { type Acted, act } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import { createSqs, type TestSqs } from '../../setup/sqs.ts';

export interface Scene extends TestSqs {
  /** Another process would have one of its own as well. */
  open(options?: Partial<SqsOptions>): Promise<QueueAdapter>;
}

/** An SQS of the test's own; all that was opened is closed with it. */
export async function openScene(): Promise<Scene> {
  const sqs = await createSqs();
  const opened: QueueAdapter[] = [];
  onTestFinished(async () => {
    sqs.standIn.fault = undefined;
    await Promise.all(opened.map((adapter) => adapter.close()));
    await sqs.drop();
  });
  return {
    ...sqs,
    async open(options = {}) {
      const adapter = await openSqs({ url: sqs.url, endpoint: sqs.endpoint, tempo: hasty, ...options });
      opened.push(adapter);
      return adapter;
    },
  };
}

export const replay: Action = { verb: 'replay', keepAttempts: false };
export const remove: Action = { verb: 'remove' };

export const acting = async (
  adapter: QueueAdapter,
  action: Action,
  queue: string,
  more: Partial<Selection> = {},
  states: readonly JobState[] = ['dead'],
): Promise<Acted> =>
  await act(opsOf({ adapter }, action.verb) as Claims, { queues: [queue], states, ...more }, action, { size: 100 });

/** `done`, `failed: why` …, counted. */
export function counted({ outcomes }: Pick<Acted, 'outcomes'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { result } of outcomes) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

export const bodies = (messages: readonly { readonly body: string }[]): string[] => messages.map(({ body }) => body);

export const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ MessageBody: `{"n":${index}}` }));
