import { expect, it } from 'vitest';
import { meanOf } from '../../../src/adapters/postgres/mean.ts';

it('weighs each group by its size, and leaves out those of which nothing is known', () => {
  expect(
    meanOf([
      [1, 10],
      [3, 2],
    ]),
  ).toBe(4);
  expect(
    meanOf([
      [1, 10],
      [99, null],
      [5, undefined],
    ]),
  ).toBe(10);
  expect(meanOf([[99, null]])).toBeUndefined();
  expect(meanOf([[0, 0]])).toBeUndefined();
});
