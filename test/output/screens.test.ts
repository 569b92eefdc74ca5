import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ansiStyle, type Page, plainStyle, view } from '../../src/output/page.ts';
import { textWidth } from '../../src/output/text-width.ts';
import { sanitise } from '../../src/safety/sanitise.ts';
import { hostile, screens } from './examples.ts';

const folder = new URL('./golden/', import.meta.url);
const clean = (text: string): string => sanitise(text, { newlines: true });
const page: Page = { width: 80, style: plainStyle, clean };
const names = Object.keys(screens);
const draw = (name: string, on: Page = page): string => screens[name]?.draw(on) ?? '';

/** Lines that hold a command, a path or an id to be copied stay whole however long they are. */
const copied = /jobctl (?:undo|run|restore|backup|replay|dlq)|\/home\/ada\/|postgres:\/\/|^ +raise /;

describe.each(names)('%s', (name) => {
  it('looks as checked in', () => {
    const file = new URL(`${name}.txt`, folder);
    const text = `${draw(name)}\n`;
    if (process.env['GOLDEN'] === '1') writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it('keeps to the width, without blanks at the ends of lines', () => {
    for (const width of [80, 100, 160]) {
      for (const line of draw(name, { ...page, width }).split('\n')) {
        if (!copied.test(line)) expect(textWidth(line), line).toBeLessThanOrEqual(width);
        expect(line).toBe(line.trimEnd());
      }
    }
  });

  it('says the same without colour', () => {
    const coloured = draw(name, { ...page, style: ansiStyle });
    expect(
      stripVTControlCharacters(coloured)
        .split('\n')
        .map((line) => line.trimEnd())
        .join('\n'),
    ).toBe(draw(name));
  });

  it('shows nothing that was not cleaned', () => {
    const shown = screens[name]?.poisoned(page) ?? '';
    for (const char of hostile.replace('[31m', '')) expect(shown).not.toContain(char);
    expect(shown).toContain('\\x1b[31m\\x9b\\u202e');
  });
});

it('has no golden file without a screen', () => {
  expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.txt`).sort());
});

it('cleans keys and values at any depth that is shown', () => {
  const raw = view((value: unknown) => JSON.stringify(value));
  const shown = raw({ '\x1b]0;k': [{ v: '\x9b2J' }, 5, null] }, page);
  expect(shown).toBe('{"\\\\x1b]0;k":[{"v":"\\\\x9b2J"},5,null]}');
});
