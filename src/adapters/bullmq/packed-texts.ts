/**
 * A list of byte strings as MessagePack, read in order: one reply of Redis in place of one for each field of each job, which
 * is most of what reading them costs.
 */
export class PackedTexts {
  readonly #reply: PackedReply;
  readonly #bytes: Buffer;
  #at: number;
  /** Of the hash before. */
  #names: readonly string[] = [];

  constructor(bytes: Buffer) {
    this.#reply = new PackedReply(bytes);
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
    const count = Number(this.text()) / 2;
    const first = this.#reply.room(2 * count);
    const { places } = this.#reply;
    let high = 0;
    let names: string[] | undefined; // the jobs of a page have mostly the same ones: then they share one list of them
    for (let index = 0; index < count; index += 1) {
      const length = this.#length();
      this.#at += length;
      const same = before[index];
      if (same === undefined || !this.#ends(same, length)) names ??= before.slice(0, index);
      // Latin-1: one sign for each byte, so that none is lost
      names?.push(this.#bytes.toString('latin1', this.#at - length, this.#at));
      const size = this.#length();
      places[first + 2 * index] = this.#at;
      this.#at += size;
      places[first + 2 * index + 1] = this.#at;
      for (let at = this.#at - size; at < this.#at; at += 1) high |= this.#bytes[at] as number;
    }
    this.#names = names ?? (before.length === count ? before : before.slice(0, count));
    return new PackedFields(this.#reply, this.#names, first, high < 0x80);
  }

  /** What has just been read is this name. */
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

/** A reply, and where in it each value begins and ends: two numbers a value, in one piece of memory for all the jobs in it. */
class PackedReply {
  readonly bytes: Buffer;
  places = new Uint32Array(4096);
  #used = 0;
  /** All of it, a sign for each byte. */
  readonly #signs: string;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.#signs = bytes.toString('latin1');
  }

  /** A piece of that costs far less than to decode each text, where all of them are ASCII. */
  text(start: number, end: number, ascii: boolean): string {
    return ascii ? this.#signs.slice(start, end) : this.bytes.toString('utf8', start, end);
  }

  /** Makes room for so many numbers; where they begin. */
  room(count: number): number {
    const first = this.#used;
    this.#used += count;
    if (this.#used > this.places.length) {
      const larger = new Uint32Array(2 * this.#used);
      larger.set(this.places);
      this.places = larger;
    }
    return first;
  }
}

/** The hash of a job where it lies in the reply: of a hundred thousand jobs no field is an object until it is looked at. */
export class PackedFields implements ReadonlyMap<string, Buffer> {
  readonly #reply: PackedReply;
  readonly #names: readonly string[];
  /** Where its own numbers begin among the places. */
  readonly #first: number;
  readonly #ascii: boolean;
  /** What the field `opts` says, once somebody has read it. */
  options: Readonly<Record<string, unknown>> | undefined;

  constructor(reply: PackedReply, names: readonly string[], first: number, ascii: boolean) {
    this.#reply = reply;
    this.#names = names;
    this.#first = first;
    this.#ascii = ascii;
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
    return index < 0 ? undefined : this.#reply.text(this.#start(index), this.#end(index), this.#ascii);
  }

  length(name: string): number {
    const index = this.#names.indexOf(name);
    return index < 0 ? 0 : this.#end(index) - this.#start(index);
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
    return this.#reply.bytes.subarray(this.#start(index), this.#end(index));
  }

  #start(index: number): number {
    return this.#reply.places[this.#first + 2 * index] as number;
  }

  #end(index: number): number {
    return this.#reply.places[this.#first + 2 * index + 1] as number;
  }
}
