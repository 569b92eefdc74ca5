import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { earlier, fromDate, fromMicros, secondsBetween, toMicros } from '../../src/domain/instant.ts';

// The years 1 to 9999: what four digits can write.
const micros = fc.bigInt({ min: -62_135_596_800_000_000n, max: 253_402_300_799_999_999n });

describe('instants', () => {
  it('come back from their text to the microsecond', () => {
    fc.assert(fc.property(micros, (moment) => toMicros(fromMicros(moment)) === moment));
  });

  it('have one width, so that texts compare as moments do', () => {
    fc.assert(
      fc.property(micros, micros, (a, b) => {
        expect(fromMicros(a)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
        expect(fromMicros(a) < fromMicros(b)).toBe(a < b);
      }),
    );
  });

  it('agree with Date on milliseconds', () => {
    const dates = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(fc.property(dates, (date) => fromDate(date) === date.toISOString().replace('Z', '000Z')));
  });

  it('measure spans in both directions', () => {
    expect(secondsBetween('2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:01.500001Z')).toBe(1.500001);
    expect(secondsBetween('2026-01-01T00:00:01.000000Z', '2026-01-01T00:00:00.000000Z')).toBe(-1);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.integer({ min: 0, max: 10 ** 9 }), (at, span) => {
        const later = fromMicros(at);
        expect(toMicros(later) - toMicros(earlier(later, span / 1e6))).toBe(BigInt(span));
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['a date alone', '2026-01-01'],
    ['milliseconds', '2026-01-01T00:00:00.000Z'],
    ['another zone', '2026-01-01T00:00:00.000000+02:00'],
    ['no zone', '2026-01-01T00:00:00.000000'],
    ['a comma', '2026-01-01T00:00:00,000000Z'],
    ['a month that is none', '2026-13-01T00:00:00.000000Z'],
    ['a day that is none', '2026-02-30T00:00:00.000000Z'],
    ['more behind it', '2026-01-01T00:00:00.000000Z!'],
  ])('refuse %s', (_, text) => {
    expect(() => toMicros(text)).toThrow(RangeError);
  });
});
