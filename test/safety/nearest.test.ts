import { expect, it } from 'vitest';
import { nearest } from '../../src/domain/nearest.ts';

it('finds what was meant, best first, and nothing far off', () => {
  expect(nearest('replya', ['remove', 'replay', 'reset', 'purge'])).toEqual(['replay']);
  expect(nearest('Emals', ['email', 'emails', 'sms'])).toEqual(['emails', 'email']);
  expect(nearest('abc', ['abd', 'abe', 'abf', 'abg'], 2)).toEqual(['abd', 'abe']);
  expect(nearest('zzzzzz', ['email'])).toEqual([]);
});
