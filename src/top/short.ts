import { approximately } from '../output/count-text.ts';

/** As it stands where there is room, else `1.2M`. */
export function short(value: number, exact: boolean, width: number): string {
  const whole = approximately(value, exact);
  if (whole.length <= width) return whole;
  const sign = exact ? '' : '~';
  for (const [unit, size] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
  ] as const) {
    const text = `${sign}${Math.floor(value / size)}${unit}`;
    if (text.length <= Math.min(width, sign.length + 5)) return text;
  }
  return `${sign}${value.toExponential(0)}`;
}

export const perSecond = (value: number): string =>
  value > 0 && value < 0.05
    ? '<0.1'
    : value < 100
      ? (Math.round(value * 10) / 10).toString()
      : short(Math.round(value), true, 6);
