import { toMicros } from '../../src/domain/instant.ts';
import type { SeedJob } from '../../src/testkit/index.ts';
import type { TestRedis } from './redis.ts';

const HOUR_MS = 3_600_000;
/** What the last client of each major version leaves in `meta`. */
const versions = { 5: 'bullmq:5.81.5', 6: 'bullmq:6.7.0' } as const;

const ms = (instant: string | undefined): number | undefined =>
  instant === undefined ? undefined : Number(toMicros(instant) / 1000n);

/** Jobs as the library would leave them, with the times that were asked for. */
export async function seedJobs(
  { redis, prefix }: Pick<TestRedis, 'redis' | 'prefix'>,
  version: keyof typeof versions | '5' | '6',
  queue: string,
  jobs: readonly SeedJob[],
): Promise<string[]> {
  const base = `${prefix}:${queue}:`;
  await redis.hset(`${base}meta`, { 'opts.maxLenEvents': '10000', version: versions[version] });
  // the kit takes an id for one of the whole backend
  const last = await redis.incrby(`${prefix}:.seeds`, jobs.length);
  await redis.set(`${base}id`, last);
  const now = Date.now();
  const pipeline = redis.pipeline();
  const ids = jobs.map((job, index) => job.id ?? String(last - jobs.length + index + 1));
  const named = jobs.map((job, index) => ({ job, index, id: ids[index] as string }));
  // the library pushes in the order of time: the oldest stands at the right end
  named.sort((a, b) => (ms(a.job.since) ?? now) - (ms(b.job.since) ?? now));
  for (const { job, index, id } of named) {
    pipeline.hset(`${base}${id}`, fieldsOf(job, now));
    if (job.key !== undefined && job.state !== 'completed' && job.state !== 'dead') {
      pipeline.set(`${base}de:${job.key}`, id);
    }
    place(job, id);

    function place({ state, since, priority = 0, stuck }: SeedJob, member: string): void {
      const at = ms(since) ?? now;
      if (state === 'dead') pipeline.zadd(`${base}failed`, at, member);
      else if (state === 'completed') pipeline.zadd(`${base}completed`, at, member);
      else if (state === 'delayed')
        pipeline.zadd(`${base}delayed`, (ms(since) ?? now + HOUR_MS) * 4096 + index, member);
      else if (state === 'active') {
        pipeline.lpush(`${base}active`, member);
        if (!stuck) pipeline.set(`${base}${member}:lock`, 'worker:1', 'PX', HOUR_MS);
      } else if (priority > 0) pipeline.zadd(`${base}prioritized`, priority * 2 ** 32 + index, member);
      else pipeline.lpush(`${base}wait`, member);
    }
  }
  for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  return ids;
}

function fieldsOf(job: SeedJob, now: number): Record<string, string> {
  const { state, attempts, priority = 0, key, error } = job;
  const since = ms(job.since);
  const reached = since ?? now;
  const waits = state === 'waiting';
  const created = ms(job.createdAt) ?? (waits ? reached : Math.min(now, reached) - 2000);
  const due = state === 'delayed' ? (since ?? now + HOUR_MS) - created : 0;
  const told = waits && job.createdAt !== undefined && since !== undefined ? Math.max(0, since - created) : due;
  const made = attempts ?? (state === 'dead' || state === 'completed' ? 1 : 0);
  const opts = {
    attempts: 5,
    ...(told > 0 && { delay: told }),
    ...(priority > 0 && { priority }),
    ...(key !== undefined && { de: { id: key } }),
  };
  return {
    name: job.type ?? 'work',
    data: job.payload ?? '{}',
    opts: JSON.stringify(opts),
    timestamp: String(created),
    delay: String(due),
    priority: String(priority),
    ...(made > 0 && { atm: String(made), ats: String(made) }),
    ...(state === 'active' && { processedOn: String(reached), ats: String(made + 1), pb: 'worker' }),
    ...((state === 'dead' || state === 'completed') && {
      processedOn: String(reached - 1000),
      finishedOn: String(reached),
    }),
    ...(state === 'completed' && { returnvalue: '"done"' }),
    ...(key !== undefined && { deid: key }),
    ...(error !== undefined && { failedReason: error, stacktrace: JSON.stringify([`Error: ${error}\n    at work`]) }),
    ...(state === 'dead' && error === undefined && { failedReason: 'it failed', stacktrace: '["Error: it failed"]' }),
  };
}
