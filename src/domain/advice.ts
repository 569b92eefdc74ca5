/** What is to follow: a command as it is typed, and from the blanks before its `#` on what is said of it. */
export interface Advice {
  readonly command: string;
  readonly remark: string;
}

/** Advice about a command ends with a full stop; it is no command. */
export const isSentence = (text: string): boolean => text.endsWith('.');

/** The same within a sentence. */
export function advised(text: string): string {
  const { command, remark } = adviceOf(text);
  return remark === '' ? command : `${command} (${remark.replace(/^\s*#\s*/, '')})`;
}

/** A `#` in quotes is a part of the command. */
export function adviceOf(text: string): Advice {
  const [, command = text] = /^((?:'[^']*'|\\.|[^'\\])*?)\s+#\s/s.exec(text) ?? [];
  return { command, remark: text.slice(command.length) };
}
