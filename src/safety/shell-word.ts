/** A word as it must be typed into a POSIX shell: quoted only where it has to be, or where its full stop would end a sentence. */
export const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]*[\w@%+=:,/-]$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
