import CliTable from 'cli-table3';
import type { Page } from './page.ts';
import { cutTo, oneLine, textWidth } from './text-width.ts';

export type Cell =
  | string
  | {
      readonly text: string;
      readonly look?: (text: string) => string;
      /** Stands so far to the right, below what it is a part of. */
      readonly indent?: number;
    };

export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => Cell;
  readonly right?: boolean;
  /** Never cut off: ids, queues, numbers. */
  readonly whole?: boolean;
  /** Other columns are left out before this one is cut off below `good`; it is never cut off below `min`. */
  readonly good?: number;
  readonly min?: number;
  /** Left out when the width does not suffice, the largest first. Missing: never left out. */
  readonly drop?: number;
}

export interface Drawn {
  readonly text: string;
  /** Heads of the columns that had no room. */
  readonly hidden: readonly string[];
}

const gap = '  ';
const noFrame = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: gap,
};

/** Columns side by side without a frame. It may be wider than the page only where ids and numbers alone are. */
export function table<Row>(all: readonly Column<Row>[], rows: readonly Row[], page: Page): Drawn {
  let columns = [...all];
  const natural = new Map(all.map((column) => [column, naturalWidth(column, rows)]));
  let widths = shrink(columns, natural, page.width, 'good');
  while (total(widths) > page.width) {
    const victim = columns
      .filter((column) => column.drop !== undefined)
      .sort((a, b) => (b.drop as number) - (a.drop as number))[0];
    if (victim === undefined) break;
    columns = columns.filter((column) => column !== victim);
    widths = shrink(columns, natural, page.width, 'good');
  }
  if (total(widths) > page.width) widths = shrink(columns, natural, page.width, 'min');
  const drawn = new CliTable({
    chars: noFrame,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    colWidths: widths,
    colAligns: columns.map((column) => (column.right === true ? 'right' : 'left')),
  });
  const line = (cells: readonly Cell[]): string[] => cells.map((cell, index) => styled(cell, widths[index] as number));
  drawn.push(line(columns.map((column) => ({ text: column.head, look: page.style.dim }))));
  for (const row of rows) drawn.push(line(columns.map((column) => column.cell(row))));
  const text = drawn
    .toString()
    .split('\n')
    .map((row) => row.replaceAll(indentSign, ' ').trimEnd())
    .join('\n');
  return { text, hidden: all.filter((column) => !columns.includes(column)).map((column) => column.head) };
}

/** In place of a space until all is drawn: cli-table3 trims its cells. */
const indentSign = '\ue000';

const textOf = (cell: Cell): string =>
  typeof cell === 'string' ? oneLine(cell) : indentSign.repeat(cell.indent ?? 0) + oneLine(cell.text);

function styled(cell: Cell, width: number): string {
  const text = cutTo(textOf(cell), width);
  return typeof cell === 'string' ? text : (cell.look?.(text) ?? text);
}

const naturalWidth = <Row>(column: Column<Row>, rows: readonly Row[]): number =>
  rows.reduce((width, row) => Math.max(width, textWidth(textOf(column.cell(row)))), textWidth(column.head));

const total = (widths: readonly number[]): number =>
  widths.reduce((sum, width) => sum + width, (widths.length - 1) * gap.length);

/** Takes the excess from the widest columns that may be cut off. */
function shrink<Row>(
  columns: readonly Column<Row>[],
  natural: ReadonlyMap<Column<Row>, number>,
  width: number,
  limit: 'good' | 'min',
): number[] {
  const widths = columns.map((column) => natural.get(column) as number);
  const least = columns.map((column, index) =>
    column.whole === true
      ? (widths[index] as number)
      : Math.max(column[limit] ?? column.min ?? 8, textWidth(column.head)),
  );
  for (let excess = total(widths) - width; excess > 0; excess--) {
    const spare = widths.map((value, index) => (value > (least[index] as number) ? value : 0));
    const widest = spare.indexOf(Math.max(...spare));
    if (spare[widest] === 0) break;
    widths[widest] = (widths[widest] as number) - 1;
  }
  return widths;
}
