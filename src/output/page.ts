import { styleText } from 'node:util';

/** Emphasis. The words say the same without it: colour is never the only sign. */
export interface Style {
  strong(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
}

const same = (text: string): string => text;
export const plainStyle: Style = { strong: same, dim: same, good: same, warn: same, bad: same };

type Format = Parameters<typeof styleText>[0];
const ansi =
  (format: Format) =>
  (text: string): string =>
    text === '' ? '' : styleText(format, text, { validateStream: false });

export const ansiStyle: Style = {
  strong: ansi('bold'),
  dim: ansi('dim'),
  good: ansi('green'),
  warn: ansi('yellow'),
  bad: ansi(['bold', 'red']),
};

/** What the text is made for. */
export interface Page {
  readonly width: number;
  readonly style: Style;
  /** Makes control characters visible and keeps line ends. Every view applies it to all that it is given. */
  readonly clean: (text: string) => string;
}

export const defaultWidth = 80;

/**
 * Every view is made here, so that none can forget it: what the view sees was cleaned before. A payload is printed as
 * JSON text, which its view makes first.
 */
export const view =
  <T>(render: (value: T, page: Page) => string) =>
  (value: T, page: Page): string =>
    render(cleaned(value, page.clean, 0) as T, page);

/** Deeper than any value of ours; only a payload is, and that is not shown from here. */
const maxDepth = 12;

function cleaned(value: unknown, clean: Page['clean'], depth: number): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === maxDepth) return '…';
  if (Array.isArray(value)) return value.map((item) => cleaned(item, clean, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [clean(key), cleaned(item, clean, depth + 1)]));
}
