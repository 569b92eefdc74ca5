import type { AwsStandIn } from './aws-stand-in.ts';
import type { MappingState } from './aws-stand-in-lambda.ts';

export const queueArn = (queue: string): string => `arn:aws:sqs:eu-test-1:000000000000:${queue}`;

const functionArn = (name: string): string => `arn:aws:lambda:eu-test-1:000000000000:function:${name}`;

/** A mapping of a queue onto a function, both there from now on. */
export function mapOnto(aws: AwsStandIn, queue: string, name: string, more: Partial<MappingState> = {}): MappingState {
  const UUID = more.UUID ?? `${name}-of-${queue}`;
  const mapping: MappingState = {
    EventSourceArn: queueArn(queue),
    FunctionArn: functionArn(name),
    State: 'Enabled',
    BatchSize: 10,
    MaximumBatchingWindowInSeconds: 0,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ...more,
    UUID,
  };
  aws.mappings.set(UUID, mapping);
  if (!aws.functions.has(name)) aws.functions.set(name, { FunctionArn: functionArn(name), Timeout: 5 });
  return mapping;
}
