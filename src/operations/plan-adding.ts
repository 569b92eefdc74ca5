import type { QueueReader } from '../domain/adapter.ts';
import type { Job } from '../domain/job.ts';
import type { Plan, Verb } from '../domain/plan.ts';

export interface AddRequest {
  readonly verb: Extract<Verb, 'enqueue' | 'smoke' | 'loadtest'>;
  readonly context: string;
  readonly protected: boolean;
  readonly queue: string;
  readonly jobs: number;
  readonly types: readonly string[];
  readonly sample: readonly Job[];
  /** Of the input, what will not be added, and why. */
  readonly invalid: Plan['strays'];
  readonly reason?: string | undefined;
  readonly warnings: readonly string[];
}

export const planAdding = async (reader: QueueReader, request: AddRequest): Promise<Plan> => ({
  schemaVersion: 1,
  verb: request.verb,
  context: request.context,
  backend: reader.backend.name,
  where: reader.backend.where,
  queues: [request.queue],
  task: { kind: 'enqueue', queue: request.queue, types: request.types },
  madeAt: await reader.now(),
  matched: { value: request.jobs, exact: true },
  severity: request.protected || request.verb === 'loadtest' ? 'severe' : 'normal',
  sample: request.sample,
  strays: request.invalid,
  warnings: [...reader.backend.warnings, ...request.warnings],
  ...(request.reason === undefined ? {} : { reason: request.reason }),
});
