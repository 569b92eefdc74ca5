import { cutTo, oneLine, textWidth } from '../../output/text-width.ts';
import type { Look } from './look.ts';

export type Cell = string | { readonly text: string; readonly look: (text: string) => string };

export interface Column<Row> {
  readonly head: string;
  /** Of its cells; the least, where it grows. */
  readonly width: number;
  /** Takes this share of what is left. */
  readonly grows?: number | undefined;
  readonly right?: boolean | undefined;
  /** Left out when the width does not suffice, the largest first. */
  readonly drop?: number | undefined;
  readonly cell: (row: Row) => Cell;
}

export interface Grid<Row> {
  readonly head: string;
  line(row: Row): string;
}

/** Columns of the same width on every frame: what is drawn does not jump while it is scrolled. */
export function gridOf<Row>(all: readonly Column<Row>[], width: number, look: Look): Grid<Row> {
  const gap = width < 100 ? ' ' : '  ';
  const total = (columns: readonly Column<Row>[]): number =>
    columns.reduce((sum, column) => sum + column.width, (columns.length - 1) * gap.length);
  let columns = [...all];
  while (total(columns) > width) {
    const droppable = columns.filter(({ drop }) => drop !== undefined);
    if (droppable.length === 0) break;
    const victim = droppable.reduce((a, b) => ((b.drop ?? 0) > (a.drop ?? 0) ? b : a));
    columns = columns.filter((column) => column !== victim);
  }
  const widths = grown(columns, width - total(columns));
  const row = (cells: readonly Cell[]): string =>
    cells.map((cell, index) => filled(cell, widths[index] ?? 0, columns[index]?.right === true, look)).join(gap);
  return {
    head: row(columns.map(({ head }) => ({ text: head, look: look.style.dim }))),
    line: (value) => row(columns.map(({ cell }) => cell(value))),
  };
}

function grown<Row>(columns: readonly Column<Row>[], spare: number): number[] {
  const shares = columns.reduce((sum, { grows = 0 }) => sum + grows, 0);
  let left = Math.max(0, spare);
  const last = columns.findLastIndex(({ grows }) => grows !== undefined);
  return columns.map(({ width, grows = 0 }, index) => {
    if (grows === 0 || shares === 0) return width;
    const more = index === last ? left : Math.floor((Math.max(0, spare) * grows) / shares);
    left -= more;
    return width + more;
  });
}

function filled(cell: Cell, width: number, right: boolean, look: Look): string {
  const raw = typeof cell === 'string' ? cell : cell.text;
  const text = cutTo(oneLine(look.clean(raw)), width);
  const blank = ' '.repeat(Math.max(0, width - textWidth(text)));
  const shown = typeof cell === 'string' ? text : cell.look(text);
  return right ? blank + shown : shown + blank;
}
