/**
 * A list of byte strings as MessagePack, read in order: one reply of Redis in place of one for each field of each job, which
 * is most of what reading them costs.
 */
export class PackedTexts {
  readonly #bytes: Buffer;
  #at: number;
  /** Of the hash before. */
  #names: readonly string[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const kind = bytes[0] ?? 0x90;
    this.#at = kind === 0xdd ? 5 : kind === 0xdc ? 3 : 1;
  }

  bytes(): Buffer {
    const length = this.#length();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  text(): string {
    const length = this.#length();
    this.#at += length;
    return this.#bytes.toString('utf8', this.#at - length, this.#at);
  }

  /** A hash: its names and values in turn, with their number in front. */
  fields(): PackedFields {
    const before = this.#names;
    const names: string[] = [];
    const places: number[] = [];
    for (let left = Number(this.text()); left > 0; left -= 2) {
      const length = this.#length();
      this.#at += length;
      // Latin-1: one sign for each byte, so that none is lost
      const same = before[names.length];
      names.push(
        same !== undefined && this.#ends(same, length)
          ? same
          : this.#bytes.toString('latin1', this.#at - length, this.#at),
      );
      const size = this.#length();
      places.push(this.#at, this.#at + size);
      this.#at += size;
    }
    this.#names = names;
    return new PackedFields(this.#bytes, names, places);
  }

  /** What has just been read is this name: the jobs of a page have mostly the same ones. */
  #ends(name: string, length: number): boolean {
    if (name.length !== length) return false;
    const from = this.#at - length;
    for (let index = 0; index < length; index += 1)
      if (this.#bytes[from + index] !== name.charCodeAt(index)) return false;
    return true;
  }

  #length(): number {
    const kind = this.#bytes[this.#at] as number;
    this.#at += 1;
    if (kind >= 0xa0 && kind < 0xc0) return kind - 0xa0;
    const width = kind === 0xd9 ? 1 : kind === 0xda ? 2 : kind === 0xdb ? 4 : 0;
    if (width === 0) throw new RangeError(`not a text: 0x${kind.toString(16)}`);
    this.#at += width;
    return this.#bytes.readUIntBE(this.#at - width, width);
  }
}

/** The hash of a job where it lies in the reply: of a hundred thousand jobs no field is an object until it is looked at. */
export class PackedFields implements ReadonlyMap<string, Buffer> {
  readonly #bytes: Buffer;
  readonly #names: readonly string[];
  readonly #places: readonly number[];
  /** What the field `opts` says, once somebody has read it. */
  options: Readonly<Record<string, unknown>> | undefined;

  constructor(bytes: Buffer, names: readonly string[], places: readonly number[]) {
    this.#bytes = bytes;
    this.#names = names;
    this.#places = places;
  }

  get size(): number {
    return this.#names.length;
  }

  has(name: string): boolean {
    return this.#names.includes(name);
  }

  get(name: string): Buffer | undefined {
    const index = this.#names.indexOf(name);
    return index < 0 ? undefined : this.#value(index);
  }

  /** The same as a text; what is no text has signs in it that say so. */
  text(name: string): string | undefined {
    const index = this.#names.indexOf(name);
    return index < 0 ? undefined : this.#bytes.toString('utf8', this.#places[2 * index], this.#places[2 * index + 1]);
  }

  length(name: string): number {
    const index = this.#names.indexOf(name);
    return index < 0 ? 0 : (this.#places[2 * index + 1] ?? 0) - (this.#places[2 * index] ?? 0);
  }

  keys(): MapIterator<string> {
    return this.#names.values() as MapIterator<string>;
  }

  *values(): MapIterator<Buffer> {
    for (let index = 0; index < this.#names.length; index += 1) yield this.#value(index);
  }

  *entries(): MapIterator<[string, Buffer]> {
    for (const [index, name] of this.#names.entries()) yield [name, this.#value(index)];
  }

  [Symbol.iterator](): MapIterator<[string, Buffer]> {
    return this.entries();
  }

  forEach(work: (value: Buffer, name: string, map: ReadonlyMap<string, Buffer>) => void): void {
    for (const [name, value] of this) work(value, name, this);
  }

  #value(index: number): Buffer {
    return this.#bytes.subarray(this.#places[2 * index], this.#places[2 * index + 1]);
  }
}
