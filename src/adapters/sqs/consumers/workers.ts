import type { Worker } from '../../../domain/adapter.ts';
import { nameInArn } from '../directory.ts';
import { inParallel } from '../in-parallel.ts';
import { functionName, lastResult, type Mapping, type Mappings } from './mappings.ts';
import { bareName, type Scaling } from './scales.ts';

const AT_ONCE = 5;

/** How many executions of a function run now, as far as that was measured of late. */
export type Running = (names: readonly string[]) => Promise<ReadonlyMap<string, number>>;

/** Lambda tells of no single worker: a mapping stands for all executions that it starts. */
export async function workers(
  mappings: Mappings,
  scaling: Scaling,
  running: Running,
  prefix: string | undefined,
): Promise<Worker[]> {
  const all = (await mappings.of()).filter(({ EventSourceArn = '' }) =>
    nameInArn(EventSourceArn).startsWith(prefix ?? ''),
  );
  const names = [...new Set(all.map(bareName))];
  const reserved = new Map(
    await inParallel(
      names,
      AT_ONCE,
      async (name): Promise<[string, number | undefined]> => [
        name,
        await scaling.reserved(name).catch(() => undefined),
      ],
    ),
  );
  const measured = await running(names);
  return all.map((one): Worker => {
    const limit = limitOf(one, reserved.get(bareName(one)));
    const now = measured.get(bareName(one));
    const note = lastResult(one);
    return {
      id: functionName(one),
      queue: nameInArn(one.EventSourceArn ?? ''),
      state: one.State ?? 'unknown',
      silent: false,
      ...(limit === undefined ? {} : { limit }),
      ...(now === undefined ? {} : { running: now }),
      ...(note === undefined ? {} : { note }),
    };
  });
}

/** The narrower of the two. */
function limitOf({ ScalingConfig }: Mapping, reserved: number | undefined): Worker['limit'] {
  const most = ScalingConfig?.MaximumConcurrency;
  if (reserved !== undefined && reserved <= (most ?? reserved)) return { value: reserved, by: 'reserved' };
  return most === undefined ? undefined : { value: most, by: 'mapping' };
}
