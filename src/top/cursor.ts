import type { Cursor } from './model.ts';

export const atTop: Cursor = { index: 0, top: 0 };

/** The line it is on; -1 in an empty list. */
export function lineOf(cursor: Cursor, keys: readonly string[]): number {
  const found = cursor.at === undefined ? -1 : keys.indexOf(cursor.at);
  return found === -1 ? Math.min(cursor.index, keys.length - 1) : found;
}

/** After the lines changed: on the same line if it is there, and in sight. A cursor that was never moved stays on top. */
export function settle(cursor: Cursor, keys: readonly string[], page: number): Cursor {
  const line = Math.max(0, lineOf(cursor, keys));
  return {
    at: cursor.at === undefined ? undefined : keys[line],
    index: line,
    top: inSight(cursor.top, line, keys, page),
  };
}

export function move(cursor: Cursor, keys: readonly string[], page: number, key: string): Cursor | undefined {
  const line = Math.max(0, lineOf(cursor, keys));
  const last = Math.max(0, keys.length - 1);
  const to = target(key, line, last, page);
  if (to === undefined) return undefined;
  const next = Math.min(last, Math.max(0, to));
  return { at: keys[next], index: next, top: inSight(cursor.top, next, keys, page) };
}

/** The first line of a text after a key; undefined when the key does not move. */
export function scrolled(top: number, lines: number, page: number, key: string): number | undefined {
  const last = Math.max(0, lines - page);
  const to =
    key === 'up' || key === 'down' || key === 'j' || key === 'k' ? top + step(key) : target(key, top, last, page);
  return to === undefined ? undefined : Math.min(last, Math.max(0, to));
}

const step = (key: string): number => (key === 'up' || key === 'k' ? -1 : 1);

function target(key: string, line: number, last: number, page: number): number | undefined {
  switch (key) {
    case 'up':
    case 'k':
    case 'down':
    case 'j':
      return line + step(key);
    case 'pageup':
      return line - page;
    case 'pagedown':
      return line + page;
    case 'home':
    case 'g':
      return 0;
    case 'end':
    case 'G':
      return last;
    default:
      return undefined;
  }
}

const inSight = (top: number, line: number, keys: readonly string[], page: number): number =>
  Math.max(0, Math.min(Math.max(top, line - page + 1), line, Math.max(0, keys.length - page)));
