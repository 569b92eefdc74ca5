import fc from 'fast-check';
import { expect } from 'vitest';
import { earlier, type Instant } from '../../domain/instant.ts';
import type { Job } from '../../domain/job.ts';
import { criteria, matcher, residue, type Selection, type Tests } from '../../domain/selection.ts';
import { browseAll, whole } from '../act.ts';
import type { Bench, SeedJob } from '../bench.ts';
import type { Topic } from '../topic.ts';

const types = ['mail.send', 'mail.Send', 'image', "it's"];
const lanes = ['eu', 'us', 'EU'];
const errors = ['timeout after 30s', 'Timeout', 'no such user'];

/** Seeds from what the backend holds; times of the past, due times far ahead. */
function seeds(holds: Bench['holds'], now: Instant): fc.Arbitrary<SeedJob> {
  const attribute = <T>(name: Parameters<typeof holds.attributes.has>[0], value: fc.Arbitrary<T>) =>
    holds.attributes.has(name) ? fc.option(value, { nil: undefined }) : fc.constant(undefined);
  return fc
    .record({
      state: fc.constantFrom(...holds.states),
      type: fc.constantFrom(...types),
      lane: attribute('lane', fc.constantFrom(...lanes)),
      tenant: attribute('tenant', fc.constantFrom('acme', 'Acme')),
      error: attribute('error', fc.constantFrom(...errors)),
      attempts: attribute('attempts', fc.integer({ min: 0, max: 5 })),
      stuck: attribute('stuck', fc.boolean()),
      secondsAgo: fc.constantFrom(3600, 3600.000001, 60, 86400),
    })
    .map(({ secondsAgo, ...job }) => {
      const { state } = job;
      const timed = holds.attributes.has('since') && {
        since: earlier(now, state === 'delayed' ? -secondsAgo * 100 : secondsAgo),
      };
      const failed = state === 'dead' || state === 'delayed' ? {} : { error: undefined };
      return { ...job, ...failed, ...timed, stuck: state === 'active' ? job.stuck : undefined };
    });
}

/** Values worth asking for: what exists, its nearest neighbours, and what does not exist. */
function candidates(jobs: readonly Job[], now: Instant) {
  const times = new Set([...jobs.map((job) => job.since), ...jobs.slice(0, 2).map((job) => job.createdAt)]);
  const known = [...times].filter((time) => time !== undefined).slice(0, 12);
  const moments = [now, ...known.flatMap((time) => [time, earlier(time, 1e-6), earlier(time, -1e-6)])];
  return {
    ids: [...jobs.slice(0, 8).map((job) => job.id), '0', 'no-such-id'],
    types: [...types, 'unknown'],
    lane: [...lanes, 'nowhere'],
    tenant: ['acme', 'nobody'],
    stuck: [true, false],
    before: moments,
    after: moments,
    cutoff: moments,
    error: ['timeout', 'USER'],
    where: ['an odd id'],
  };
}

/** Mostly with few criteria: a selection that matches nothing tells little. */
function selections(jobs: readonly Job[], queues: readonly string[], now: Instant): fc.Arbitrary<Selection> {
  const { ids, types, ...single } = candidates(jobs, now);
  const rarely = <T>(value: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });
  const mostlyAll = <T>(values: readonly T[]) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant([...values]) },
      { weight: 1, arbitrary: fc.subarray([...values], { minLength: 1 }) },
    );
  const one = <T>(values: readonly T[]) => rarely(fc.constantFrom(...values));
  return fc.record({
    queues: mostlyAll([...queues, 'nowhere']),
    states: mostlyAll(whole().states),
    ids: rarely(fc.uniqueArray(fc.constantFrom(...ids), { maxLength: 6 })),
    types: rarely(fc.uniqueArray(fc.constantFrom(...types), { maxLength: 3 })),
    lane: one(single.lane),
    tenant: one(single.tenant),
    stuck: one(single.stuck),
    before: one(single.before),
    after: one(single.after),
    cutoff: one(single.cutoff),
    error: one(single.error),
    where: one(single.where),
  });
}

const tests = ({ error }: Selection): Tests => ({
  error: (job) => error !== undefined && (job.error?.message ?? '').toLowerCase().includes(error.toLowerCase()),
  where: (job) => /[13579bdf]$/.test(job.id),
});

/** The criteria that the backend says it decides. */
const pushed = (selection: Selection, { adapter }: Bench): Selection => {
  const kept = criteria.filter((name) => name === 'queues' || name === 'states' || adapter.pushes.has(name));
  return Object.fromEntries(kept.map((name) => [name, selection[name]])) as unknown as Selection;
};

const ids = (jobs: readonly Job[]): string[] => jobs.map((job) => `${job.queue}/${job.id}`).sort();

let round = 0;

async function agrees(bench: Bench, jobs: readonly Job[], selection: Selection): Promise<void> {
  const { adapter } = bench;
  const wanted = jobs.filter(matcher(selection, tests(selection)));
  const browsed = await browseAll(adapter, selection, { size: 10 });
  const about = JSON.stringify(selection);
  expect(ids(browsed.filter(matcher(selection, tests(selection)))), `browse, then matches: ${about}`).toEqual(
    ids(wanted),
  );
  expect(new Set(ids(browsed)).size, `each job once: ${about}`).toBe(browsed.length);
  if (adapter.pushes.has('queues') && adapter.pushes.has('states')) {
    const honest = browsed.filter(matcher(pushed(selection, bench), tests(selection)));
    expect(ids(browsed), `what it says it pushes: ${about}`).toEqual(ids(honest));
  }
  const count = await adapter.count(selection);
  if (!count.exact) return;
  if (residue(selection, adapter.pushes).length === 0) expect(count.value, `count: ${about}`).toBe(wanted.length);
  else expect(count.value, `count: ${about}`).toBeGreaterThanOrEqual(wanted.length);
}

export const selection: Topic = {
  name: 'selection',
  checks: {
    'decides each criterion alone as matches does': async (bench) => {
      const now = await bench.adapter.now();
      await bench.seed(
        'letters',
        fc.sample(seeds(bench.holds, now), { numRuns: bench.adapter.reads === 'peek' ? 60 : 20, seed: 7 }),
      );
      const jobs = await browseAll(bench.adapter, whole('letters'));
      for (const [name, values] of Object.entries(candidates(jobs, now))) {
        for (const value of new Set<unknown>(values)) {
          await agrees(bench, jobs, {
            ...whole('letters'),
            [name]: name === 'ids' || name === 'types' ? [value] : value,
          });
        }
      }
    },
    'means the same to the backend as to matches': async (bench) => {
      const now = await bench.adapter.now();
      await fc.assert(
        fc.asyncProperty(
          fc.array(seeds(bench.holds, now), { minLength: 1, maxLength: 25 }),
          fc.gen(),
          async (seed, gen) => {
            round += 1;
            const queues = [`one-${round}`, `two-${round}`] as const;
            await bench.seed(
              queues[0],
              seed.filter((_, index) => index % 3 > 0),
            );
            await bench.seed(
              queues[1],
              seed.filter((_, index) => index % 3 === 0),
            );
            const jobs = await browseAll(bench.adapter, whole(...queues));
            expect(jobs).toHaveLength(seed.length);
            for (let nth = 0; nth < 20; nth += 1) await agrees(bench, jobs, gen(selections, jobs, queues, now));
          },
        ),
        { numRuns: bench.adapter.reads === 'peek' ? 20 : 4, endOnFailure: true },
      );
    },
  },
};
