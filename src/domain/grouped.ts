const THOUSANDS = /\B(?=(\d{3})+(?!\d))/g;

/**
 * `12,000` in every locale: what is copied into a ticket reads the same everywhere. Not by `toLocaleString`, whose first call
 * loads the rules of a language: 20 ms.
 */
export const grouped = (value: number): string => String(Math.round(value * 10) / 10).replace(THOUSANDS, ',');
