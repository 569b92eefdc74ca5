import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { Met } from '../../../src/adapters/sqs/met.ts';

it('knows each id once, also of many, and of some that differ in little', () => {
  const met = new Met();
  const ids = [
    ...Array.from({ length: 20_000 }, () => randomUUID() as string),
    ...Array.from({ length: 20_000 }, (_, n) => `5c5e0000-0000-4000-8000-${String(n).padStart(12, '0')}`),
    '',
    'a',
  ];
  expect(ids.filter((id) => !met.add(id))).toEqual([]);
  expect(met.size).toBe(ids.length);
  expect(ids.filter((id) => met.add(id))).toEqual([]);
  expect(met.size).toBe(ids.length);
});
