/**
 * Whatever moves the cursor, changes the reading order or cannot be seen: control characters (and with ESC every terminal
 * sequence), line separators, bidi marks, lone surrogates, and all that Unicode calls ignorable.
 */
const suspicious = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{fff9}-\u{fffb}]/gu;

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

export interface SanitiseOptions {
  /** Keep line ends, and show a tab as spaces: for texts of several lines, such as a stack. */
  readonly newlines?: boolean | undefined;
}

/** The text as it may be written to a terminal: what could deceive or steer it is made visible, `\x1b`, `\u202e`. */
export function sanitise(text: string, { newlines = false }: SanitiseOptions = {}): string {
  if (text.search(suspicious) === -1) return text;
  return text.replace(suspicious, (char, offset: number) => {
    if (newlines && char === '\n') return char;
    if (newlines && char === '\t') return '    ';
    if (newlines && char === '\r' && text[offset + 1] === '\n') return '';
    return belongs(char, text, offset) ? char : visible(char);
  });
}

function visible(char: string): string {
  const code = char.codePointAt(0) as number;
  const hex = code.toString(16);
  if (named[char] !== undefined) return named[char];
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

const joiner = '\u200d';
const nonJoiner = '\u200c';
/** Scripts whose spelling needs the joiners. */
const joined =
  '[\\p{Script=Arabic}\\p{Script=Syriac}\\p{Script=Mongolian}\\p{Script=Devanagari}\\p{Script=Bengali}\\p{Script=Gurmukhi}\\p{Script=Gujarati}\\p{Script=Oriya}\\p{Script=Tamil}\\p{Script=Telugu}\\p{Script=Kannada}\\p{Script=Malayalam}\\p{Script=Sinhala}]';
const afterJoined = new RegExp(`${joined}$`, 'u');
const beforeJoined = new RegExp(`^${joined}`, 'u');
const afterEmoji = /[\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?$/u;
const beforeEmoji = /^[\p{Extended_Pictographic}\p{Regional_Indicator}]/u;
const beforeSelector = /[\p{L}\p{N}\p{S}\p{P}]$/u;
const flagSoFar = /\u{1f3f4}[\u{e0061}-\u{e007a}\u{e0030}-\u{e0039}]*$/u;
/** Longer than any flag's tags. */
const lookBehind = 16;

/** An invisible character in the one place where it is part of a visible one: an emoji, a script's spelling. */
function belongs(char: string, text: string, offset: number): boolean {
  const before = text.slice(Math.max(0, offset - lookBehind), offset);
  const after = text.slice(offset + char.length, offset + char.length + 2);
  if (char === joiner && afterEmoji.test(before) && beforeEmoji.test(after)) return true;
  if (char === joiner || char === nonJoiner) return afterJoined.test(before) && beforeJoined.test(after);
  if (/^[\ufe00-\ufe0f]$/.test(char)) return beforeSelector.test(before);
  if (/^[\u{e0061}-\u{e007a}\u{e0030}-\u{e0039}\u{e007f}]$/u.test(char)) return flagSoFar.test(before);
  return false;
}
