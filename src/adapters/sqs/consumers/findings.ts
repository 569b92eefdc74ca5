import type { DoctorFinding } from '../../../domain/doctor.ts';
import { JobctlError } from '../../../domain/errors.ts';
import type { Aws } from '../aws.ts';
import type { Directory, Queue } from '../directory.ts';
import { inParallel } from '../in-parallel.ts';
import { functionName, type Mapping, type Mappings } from './mappings.ts';
import { bareName } from './scales.ts';
import { type Consumer, judgeConsumer, judgeQueue } from './verdict.ts';

const AT_ONCE = 5;

interface Parts {
  readonly aws: Aws;
  readonly directory: Directory;
  readonly mappings: Mappings;
}

/** Collects the facts, and has them judged. What may not be seen is a finding too: unseen is not well. */
export async function findings(
  { aws, directory, mappings }: Parts,
  asked?: readonly string[],
): Promise<DoctorFinding[]> {
  const queues = await directory.all([...new Set(asked ?? (await directory.names()))]);
  const shelves = await shelvesOf(directory, queues);
  const found: DoctorFinding[] = [];
  for (const queue of queues) {
    try {
      // where the dead of others lie, none of its own is missed
      const isShelf = queue.redrive === undefined && (await isShelfAmong(directory, queues, queue));
      if (!isShelf) found.push(...judgeQueue(queue, queue.redrive && shelves.get(queue.redrive.arn)));
    } catch (error) {
      found.push(unseen('Which queues send their dead there could not be looked at.', error, queue.name));
    }
  }
  try {
    const all = await mappings.of(queues.length === 1 ? queues[0]?.arn : undefined);
    const byArn = new Map(queues.map((queue) => [queue.arn, queue]));
    const ours = all.filter(({ EventSourceArn = '' }) => byArn.has(EventSourceArn));
    const timeouts = await timeoutsOf(aws, ours);
    for (const mapping of ours) {
      const queue = byArn.get(mapping.EventSourceArn ?? '');
      if (queue !== undefined)
        found.push(...judgeConsumer(queue, consumerOf(mapping, timeouts.get(bareName(mapping)))));
    }
  } catch (error) {
    found.push(unseen('The Lambda consumers could not be looked at.', error));
  }
  return found;
}

function unseen(what: string, error: unknown, queue?: string): DoctorFinding {
  if (!(error instanceof JobctlError)) throw error;
  return {
    id: 'not-looked-at',
    severity: 'warning',
    ...(queue === undefined ? {} : { queue }),
    what: `${what} ${error.message}`,
    why: 'What is wrong there is not told.',
    next: error.next,
  };
}

const isShelfAmong = async (directory: Directory, queues: readonly Queue[], one: Queue): Promise<boolean> =>
  queues.some(({ redrive }) => redrive?.arn === one.arn) || (await directory.sourcesOf(one)).length > 0;

async function shelvesOf(directory: Directory, queues: readonly Queue[]): Promise<Map<string, Queue | undefined>> {
  const arns = [...new Set(queues.flatMap(({ redrive }) => redrive?.arn ?? []))];
  const found = await inParallel(arns, AT_ONCE, async (arn): Promise<[string, Queue | undefined]> => {
    const own = queues.find((queue) => queue.arn === arn);
    return [arn, own ?? (await directory.byArn(arn).catch(() => undefined))];
  });
  return new Map(found);
}

async function timeoutsOf(aws: Aws, all: readonly Mapping[]): Promise<Map<string, number | undefined>> {
  const names = [...new Set(all.map(bareName))];
  const timeouts = await inParallel(names, AT_ONCE, async (FunctionName): Promise<[string, number | undefined]> => {
    const answer = await aws.ask('lambda', 'GetFunctionConfiguration', FunctionName, ({ client, sdk }) =>
      client.send(new sdk.GetFunctionConfigurationCommand({ FunctionName })),
    );
    return [FunctionName, answer.Timeout];
  });
  return new Map(timeouts);
}

const consumerOf = (mapping: Mapping, timeoutSeconds: number | undefined): Consumer => ({
  name: functionName(mapping),
  uuid: mapping.UUID,
  timeoutSeconds,
  windowSeconds: mapping.MaximumBatchingWindowInSeconds ?? 0,
  batchSize: mapping.BatchSize ?? 1,
  reportsItems: mapping.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
  filters: mapping.FilterCriteria?.Filters?.length ?? 0,
});
