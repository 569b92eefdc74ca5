import { expect, it } from 'vitest';
import { painOf } from '../../../src/adapters/bullmq/pain.ts';

it('an answer that is late, and far later than the quickest one, is a sign of pain', async () => {
  let clock = 0;
  const took: number[] = [];
  const many = async (): Promise<never[]> => {
    clock += took.shift() ?? 0;
    return [];
  };
  const look = async (ms: number, pain: () => Promise<string | undefined>): Promise<string | undefined> => {
    took.push(ms);
    return await pain();
  };
  const near = painOf({ many }, () => clock);
  expect([await look(1, near), await look(99, near), await look(400, near)]).toEqual([
    undefined,
    undefined,
    'Redis is slow, it answers after 400 ms',
  ]);
  const far = painOf({ many }, () => clock);
  expect([await look(150, far), await look(300, far), await look(900, far)]).toEqual([
    undefined,
    undefined,
    'Redis is slow, it answers after 900 ms',
  ]);
});
