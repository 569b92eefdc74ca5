const zero = /^[\p{Mn}\p{Me}\p{Cf}\p{Default_Ignorable_Code_Point}]$/u;
const wide =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

const charWidth = (char: string): number => (char < '\u0300' ? 1 : zero.test(char) ? 0 : wide.test(char) ? 2 : 1);

/** Columns that the text takes on a terminal. It must not hold escape sequences. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** One line of at most `width` columns; what had to go is marked with …. */
export function cutTo(text: string, width: number): string {
  const line = oneLine(text);
  if (textWidth(line) <= width) return line;
  let used = 1;
  let kept = '';
  for (const char of line) {
    used += charWidth(char);
    if (used > width) break;
    kept += char;
  }
  return `${kept.trimEnd()}…`;
}

/** Line ends and runs of blanks become one blank. */
export const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ').trim();

/** Lines of at most `width` columns, broken at blanks. A word that is longer stays whole: a path or an id must be copied. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((paragraph) => {
    const lines: string[] = [];
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && textWidth(line) + 1 + textWidth(word) > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}

/** The text in lines, each behind the indent; the first behind `lead`, which is as wide. */
export function hang(lead: string, text: string, width: number): string {
  const indent = ' '.repeat(textWidth(lead));
  return wrap(text, Math.max(20, width - indent.length))
    .map((line, index) => `${index === 0 ? lead : indent}${line}`.trimEnd())
    .join('\n');
}
