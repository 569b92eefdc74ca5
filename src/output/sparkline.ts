const blocks = '▁▂▃▄▅▆▇█';

/** The last `width` values as a row of bars from 0 to the largest; blanks in front where there are fewer. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const most = Math.max(0, ...shown);
  const bar = (value: number): string =>
    blocks[most === 0 ? 0 : Math.min(7, Math.ceil((value / most) * 8) - (value > 0 ? 1 : 0))] ?? '';
  return shown.map(bar).join('').padStart(width);
}
