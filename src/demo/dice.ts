/** Chance that falls the same way every time: the demo's story must be the same on every machine. */
export interface Dice {
  /** From 0 up to, not including, 1. */
  roll(): number;
  /** A whole number, both ends included. */
  whole(from: number, to: number): number;
  pick<T>(from: readonly [T, ...T[]]): T;
  hex(digits: number): string;
}

/** Mulberry32. */
export function dice(seed: number): Dice {
  let state = seed;
  const roll = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    roll,
    whole: (from, to) => from + Math.floor(roll() * (to - from + 1)),
    pick: (from) => from[Math.floor(roll() * from.length)] ?? from[0],
    hex: (digits) => Array.from({ length: digits }, () => Math.floor(roll() * 16).toString(16)).join(''),
  };
}
