import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { renderToString } from 'ink';
import { describe, expect, it } from 'vitest';
import { ansiStyle, plainStyle } from '../../src/output/page.ts';
import { textWidth } from '../../src/output/text-width.ts';
import { sanitise } from '../../src/safety/sanitise.ts';
import { frameLines } from '../../src/top/views/frame.ts';
import type { Look } from '../../src/top/views/look.ts';
import { Screen } from '../../src/top/views/screen.tsx';
import { scenes } from './frames.ts';

const folder = new URL('./golden/', import.meta.url);
const plain: Look = {
  style: plainStyle,
  clean: (text) => sanitise(text, { newlines: true }),
  colour: false,
  unicode: true,
};
const sizes = [
  { columns: 60, rows: 15 },
  { columns: 80, rows: 24 },
  { columns: 120, rows: 30 },
  { columns: 200, rows: 30 },
];
const names = Object.keys(scenes);

/** The frame as it stands on the screen. */
function frame(name: string, size: { columns: number; rows: number }, look: Look = plain): string[] {
  const state = scenes[name]?.(size);
  if (state === undefined) throw new Error(`no scene ${name}`);
  const lines = frameLines(state, look);
  return renderToString(<Screen lines={lines} columns={size.columns} />, { columns: size.columns }).split('\n');
}

describe.each(names)('%s', (name) => {
  it('looks as checked in, at 60, 80, 120 and 200 columns', () => {
    const file = new URL(`${name.replaceAll(' ', '-').replaceAll(',', '')}.txt`, folder);
    const pictures = sizes.map((size) => {
      const lines = frame(name, size).map((line) => line.trimEnd());
      return `== ${size.columns} x ${size.rows}\n${lines.join('\n').trimEnd()}\n`;
    });
    const text = pictures.join('\n');
    if (process.env['GOLDEN'] === '1') writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it('fills the window and nothing beyond it, also the smallest and the largest', () => {
    for (const [columns, rows] of [
      [60, 15],
      [40, 8],
      [300, 60],
      [20, 5],
    ] as const) {
      const size = { columns, rows };
      const lines = frame(name, size);
      expect(lines.length).toBeLessThanOrEqual(size.rows);
      for (const line of lines) expect(textWidth(line), line).toBeLessThanOrEqual(size.columns);
    }
  });

  it('says the same in colour, and lets nothing through that could steer the terminal', () => {
    const size = { columns: 120, rows: 30 };
    const coloured = frame(name, size, { ...plain, style: ansiStyle, colour: true }).join('\n');
    expect(stripVTControlCharacters(coloured).replaceAll(/ +$/gm, '')).toBe(
      frame(name, size).join('\n').replaceAll(/ +$/gm, ''),
    );
    expect(frame(name, size).join('')).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('can do without anything but ASCII', () => {
    const signs = frame(name, { columns: 120, rows: 30 }, { ...plain, unicode: false }).join('');
    expect(signs).not.toMatch(/[▁-█↑↓─·]/u);
  });
});

it('has no golden file without a scene', () => {
  expect(readdirSync(folder)).toHaveLength(names.length);
});
