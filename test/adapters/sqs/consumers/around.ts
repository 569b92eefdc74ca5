import { onTestFinished } from 'vitest';
import type { SqsOptions } from '../../../../src/adapters/sqs/index.ts';
import type { Capability } from '../../../../src/domain/capability.ts';
import { type AwsStandIn, startAwsStandIn } from '../../../setup/aws-stand-in.ts';
import type { MappingState } from '../../../setup/aws-stand-in-lambda.ts';
import { mapOnto } from '../../../setup/lambda-mapping.ts';
import { openScene, type Scene } from '../scene.ts';

export interface Around extends Scene {
  readonly aws: AwsStandIn;
  /** A mapping of a queue onto a function, both there from now on. */
  map(queue: string, name: string, more?: Partial<MappingState>): MappingState;
}

/** An SQS with the services around it. */
export async function openAround(): Promise<Around> {
  const aws = await startAwsStandIn();
  const before = { ...process.env };
  Object.assign(process.env, aws.env);
  onTestFinished(async () => {
    process.env = before;
    await aws.stop();
  });
  const scene = await openScene();
  return {
    ...scene,
    aws,
    open: (options: Partial<SqsOptions> = {}) => scene.open({ patience: { pollMs: 1, mostMs: 500 }, ...options }),
    map: (queue, name, more = {}) => mapOnto(aws, queue, name, more),
  };
}

export function opsOf<Ops>(capability: Capability<Ops> | undefined): Ops {
  if (capability === undefined || capability.level === 'none') throw new TypeError('not offered');
  return capability.ops;
}

export const states = (aws: AwsStandIn): Record<string, string> =>
  Object.fromEntries([...aws.mappings].map(([id, { State }]) => [id, State]));

export const actions = (aws: AwsStandIn): string[] => aws.calls.map(({ action }) => action);
