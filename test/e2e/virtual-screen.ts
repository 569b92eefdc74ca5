/**
 * As much of a terminal as a full-screen program needs to be looked at: the cursor, erasing, the alternate screen, modes.
 * What it does not know it refuses, so that nothing that was written goes unseen.
 */
export class VirtualScreen {
  #columns: number;
  #rows: number;
  #cells: string[][];
  #row = 0;
  #column = 0;
  #rest = '';
  /** Modes that are on, by number: 25 the cursor, 1049 the alternate screen, 2004 bracketed paste. */
  readonly modes = new Set<string>(['25']);

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.#cells = this.#blank();
  }

  lines(): string[] {
    return this.#cells.map((row) => row.join('').trimEnd());
  }

  resize(columns: number, rows: number): void {
    this.#columns = columns;
    this.#rows = rows;
    this.#cells = Array.from({ length: rows }, (_, row) =>
      Array.from({ length: columns }, (_, column) => this.#cells[row]?.[column] ?? ' '),
    );
    this.#row = Math.min(this.#row, rows - 1);
    this.#column = Math.min(this.#column, columns - 1);
  }

  write(data: string): void {
    const text = this.#rest + data;
    this.#rest = '';
    for (let at = 0; at < text.length; ) {
      const sequence = /^\p{Cc}(?:\[([?>]?)([\d;]*)([a-zA-Z])|\]\P{Cc}*\p{Cc}|[78=>])/u.exec(text.slice(at, at + 64));
      if (text[at] === '\x1b') {
        if (sequence === null) {
          if (text.length - at < 32) {
            this.#rest = text.slice(at);
            return;
          }
          throw new Error(`unknown sequence ${JSON.stringify(text.slice(at, at + 12))}`);
        }
        this.#obey(sequence[1] ?? '', sequence[2] ?? '', sequence[3]);
        at += sequence[0].length;
        continue;
      }
      const char = String.fromCodePoint(text.codePointAt(at) ?? 0);
      this.#put(char);
      at += char.length;
    }
  }

  #put(char: string): void {
    if (char === '\r') this.#column = 0;
    else if (char === '\n') this.#down();
    else if (char === '\b') this.#column = Math.max(0, this.#column - 1);
    else if (char >= ' ') {
      if (this.#column >= this.#columns) {
        this.#column = 0;
        this.#down();
      }
      (this.#cells[this.#row] as string[])[this.#column] = char;
      this.#column += 1;
    }
  }

  #down(): void {
    if (this.#row < this.#rows - 1) this.#row += 1;
    else {
      this.#cells.shift();
      this.#cells.push(Array<string>(this.#columns).fill(' '));
    }
  }

  #obey(lead: string, given: string, final: string | undefined): void {
    const numbers = given.split(';').map((number) => (number === '' ? undefined : Number(number)));
    const n = numbers[0] ?? 1;
    if (lead === '?' && (final === 'h' || final === 'l')) {
      for (const mode of given.split(';')) {
        if (final === 'h') this.modes.add(mode);
        else this.modes.delete(mode);
      }
      if (given === '1049') {
        this.#cells = this.#blank();
        this.#row = 0;
        this.#column = 0;
      }
      return;
    }
    if (lead !== '') return;
    if (final === 'A') this.#row = Math.max(0, this.#row - n);
    else if (final === 'B') this.#row = Math.min(this.#rows - 1, this.#row + n);
    else if (final === 'C') this.#column = Math.min(this.#columns - 1, this.#column + n);
    else if (final === 'D') this.#column = Math.max(0, this.#column - n);
    else if (final === 'E') {
      this.#row = Math.min(this.#rows - 1, this.#row + n);
      this.#column = 0;
    } else if (final === 'G') this.#column = n - 1;
    else if (final === 'H') {
      this.#row = n - 1;
      this.#column = (numbers[1] ?? 1) - 1;
    } else if (final === 'K') this.#erase(this.#row, numbers[0] ?? 0);
    else if (final === 'J') {
      if ((numbers[0] ?? 0) === 2) this.#cells = this.#blank();
      else {
        this.#erase(this.#row, 0);
        for (let row = this.#row + 1; row < this.#rows; row += 1) this.#erase(row, 2);
      }
    }
  }

  #erase(row: number, how: number): void {
    const cells = this.#cells[row] as string[];
    const from = how === 0 ? this.#column : 0;
    const to = how === 1 ? this.#column + 1 : this.#columns;
    for (let column = from; column < to; column += 1) cells[column] = ' ';
  }

  #blank(): string[][] {
    return Array.from({ length: this.#rows }, () => Array<string>(this.#columns).fill(' '));
  }
}
