import { describe, expect, it } from 'vitest';
import { type Check, NotHere, topics } from '../../src/testkit/index.ts';
import { faults } from './faults/index.ts';
import { memoryBench } from './memory-bench.ts';

/** Failed as a test fails, not because the fault itself is broken. */
const isVerdict = (error: unknown): boolean =>
  error instanceof Error &&
  (['AssertionError', 'JobctlError'].includes(error.name) || error.message.startsWith('Property failed'));

async function failure(check: Check, bench: ReturnType<typeof memoryBench>): Promise<unknown> {
  try {
    await check(bench);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    await bench.drop();
  }
}

describe('the conformance kit bites', () => {
  it('has a planted fault for every topic', () => {
    expect(new Set(faults.map(({ topic }) => topic))).toEqual(new Set(topics.map(({ name }) => name)));
  });

  it('skips nothing on a backend that can do everything', async () => {
    for (const { name, checks } of topics) {
      for (const [title, check] of Object.entries(checks)) {
        expect(await failure(check, memoryBench()), `${name}: ${title}`).not.toBeInstanceOf(NotHere);
      }
    }
  });

  for (const { name, topic, plant } of faults) {
    it(`${topic}: notices an adapter that ${name}`, { timeout: 60_000 }, async () => {
      const verdicts: string[] = [];
      for (const [title, check] of Object.entries(topics.find((one) => one.name === topic)?.checks ?? {})) {
        const error = await failure(check, memoryBench(plant));
        if (isVerdict(error)) verdicts.push(title);
        if (verdicts.length > 0) break;
      }
      expect(verdicts).not.toEqual([]);
    });
  }
});
