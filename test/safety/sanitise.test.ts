import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sanitise } from '../../src/safety/sanitise.ts';

describe('sanitise', () => {
  it.each([
    ['\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
    ['\x1b]8;;http://evil\x07link', '\\x1b]8;;http://evil\\x07link'],
    ['\u009b2J\x7f\x00', '\\x9b2J\\x7f\\x00'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['pay\u202eexe.txt\u2066\u200f', 'pay\\u202eexe.txt\\u2066\\u200f'],
    ['ad\u200bmin\ufeff\u00ad\u2060', 'ad\\u200bmin\\ufeff\\xad\\u2060'],
    ['a\u200db', 'a\\u200db'],
    ['\ud800x\udfff', '\\ud800x\\udfff'],
    ['a\u{e0041}', 'a\\u{e0041}'],
    ['a\u2028b\u3164', 'a\\u2028b\\u3164'],
    ['x\ufe0f\ufe0f', 'x\ufe0f\\ufe0f'],
  ])('shows %j', (text, shown) => expect(sanitise(text)).toBe(shown));

  it.each([
    'plain',
    'Grüße, 日本語, עברית, العربية',
    'e\u0301 a\u0323\u0302',
    '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🧑🏽‍💻 ❤️‍🔥 1️⃣ 🇩🇪',
    '🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
    'می\u200cخواهم',
    'क्\u200dष',
    '\\x1b',
    '٠\u0600١',
  ])('leaves %j', (text) => expect(sanitise(text)).toBe(text));

  it('keeps line ends when asked, and nothing else that moves the cursor', () => {
    expect(sanitise('a\n\tb\r\nc\rd\x1b\n', { newlines: true })).toBe('a\n    b\nc\\rd\\x1b\n');
  });

  it('lets no steering character through, whatever the text', () => {
    const nasty = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    );
    fc.assert(
      fc.property(fc.array(nasty), fc.boolean(), (parts, newlines) => {
        const shown = sanitise(parts.join(''), { newlines });
        expect(newlines ? shown.replaceAll('\n', '') : shown).not.toMatch(
          /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u061c\ufeff]/u,
        );
        expect(sanitise(shown, { newlines })).toBe(shown);
      }),
      { numRuns: 500 },
    );
  });
});
