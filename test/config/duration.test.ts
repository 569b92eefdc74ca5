import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration, parseRate, parseWhen } from '../../src/config/duration.ts';
import { fromMicros } from '../../src/domain/instant.ts';

const usage = expect.objectContaining({
  code: 'JOBCTL_USAGE',
  next: expect.arrayContaining([expect.stringMatching(/\d/)]),
});
const now = '2026-11-24T03:41:09.123456Z';

describe('parseDuration', () => {
  it.each([
    ['90s', 90],
    ['15m', 900],
    ['1h30m', 5400],
    ['24h', 86_400],
    ['7d', 604_800],
    ['2w', 1_209_600],
    ['1.5h', 5400],
    ['250ms', 0.25],
    ['0s', 0],
    [' 5m ', 300],
  ])('%s is %d seconds', (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  it.each([
    '90',
    '',
    'm',
    '5mm',
    '-5m',
    '+5m',
    'P1DT2H',
    'PT5M',
    '5M',
    '5 m',
    '30m1h',
    '5m5m',
    '5min',
    '1e3s',
    '5y',
    '1,5h',
    '999999w',
    '٥m',
  ])('%j is refused', (text) => expect(() => parseDuration(text)).toThrow(usage));

  it('says that a bare number has no unit', () => expect(() => parseDuration('90')).toThrow(/no unit/));
});

describe('parseWhen', () => {
  it('takes a duration as that long before now', () =>
    expect(parseWhen('1h30m', now)).toBe('2026-11-24T02:11:09.123456Z'));

  it.each([
    ['2026-11-24T03:41:09Z', '2026-11-24T03:41:09.000000Z'],
    ['2026-11-24T03:41:09.5+01:00', '2026-11-24T02:41:09.500000Z'],
    ['2026-11-23t23:41:09.1234567-05:30', '2026-11-24T05:11:09.123456Z'],
    ['2028-02-29T00:00:00z', '2028-02-29T00:00:00.000000Z'],
  ])('%s is %s', (text, instant) => expect(parseWhen(text, now)).toBe(instant));

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-11-24T25:00:00Z',
    '2026-11-24T03:41:09+24:00',
    '2026-11-24',
    'yesterday',
    '90',
    '-5m',
  ])('%s is refused', (text) => expect(() => parseWhen(text, now)).toThrow(usage));

  it('asks for the zone of a time without one', () =>
    expect(() => parseWhen('2026-11-24T03:41:09', now)).toThrow(/zone/));

  it('reads back every instant', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 4_000_000_000_000_000n }), (micros) => {
        expect(parseWhen(fromMicros(micros), now)).toBe(fromMicros(micros));
      }),
    );
  });
});

describe('parseRate', () => {
  it.each([
    ['50/s', 50],
    ['200/m', 200 / 60],
    ['1800/h', 0.5],
    ['0.5/s', 0.5],
  ])('%s is %d a second', (text, rate) => expect(parseRate(text)).toBe(rate));

  it.each(['50', '50/d', '0/s', '-1/s', '50 /s', '/s', 'x/s'])('%s is refused', (text) =>
    expect(() => parseRate(text)).toThrow(usage),
  );
});
