/** What is to follow: a command as it is typed, and from the blanks before its `#` on what is said of it. */
export interface Advice {
  readonly command: string;
  readonly remark: string;
}

/** A `#` in quotes is a part of the command. */
export function adviceOf(text: string): Advice {
  const [, command = text] = /^((?:'[^']*'|\\.|[^'\\])*?)\s+#\s/s.exec(text) ?? [];
  return { command, remark: text.slice(command.length) };
}
