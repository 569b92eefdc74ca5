import { textWidth } from '../output/text-width.ts';

/** Our own colours: no other control character gets through the cleaning. */
const sequence = /(\p{Cc}\[[0-9;]*m)/u;

/** Lines that are longer than the screen are broken, not cut: a command or a path must be there to be copied. */
export const fold = (lines: readonly string[], width: number): string[] =>
  lines.flatMap((line) =>
    line.length <= width && !line.includes('\x1b') && textWidth(line) <= width ? [line] : broken(line, width),
  );

/** Escape sequences take no room. */
function broken(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  let used = 0;
  for (const part of line.split(sequence)) {
    if (sequence.test(part)) {
      current += part;
      continue;
    }
    for (const char of part) {
      const more = textWidth(char);
      if (used + more > width) {
        lines.push(current);
        current = '';
        used = 0;
      }
      current += char;
      used += more;
    }
  }
  return [...lines, current];
}
