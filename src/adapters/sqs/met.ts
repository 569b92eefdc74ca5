const START = 1 << 12;
/** Of 53 bits, as many as a number holds exactly. Two ids of a million share a mark once in twenty thousand such runs. */
const HALF = 2 ** 21;

/**
 * The ids that were met in a walk. Only a mark of each is kept, some twenty bytes, so that a walk over a whole
 * dead-letter queue needs no memory to speak of. An id that shares the mark of another counts as met: such a message is
 * left where it is, and the next run meets it.
 */
export class Met {
  #marks = new Float64Array(START);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** False when it was met before. */
  add(id: string): boolean {
    if (this.#size * 2 >= this.#marks.length) this.#grow();
    const at = placeOf(this.#marks, markOf(id));
    if (this.#marks[at] !== 0) return false;
    this.#marks[at] = markOf(id);
    this.#size += 1;
    return true;
  }

  #grow(): void {
    const wider = new Float64Array(this.#marks.length * 2);
    for (const mark of this.#marks) if (mark !== 0) wider[placeOf(wider, mark)] = mark;
    this.#marks = wider;
  }
}

/** Where the mark is, or where it belongs. The length is a power of two. */
function placeOf(marks: Float64Array, mark: number): number {
  let at = (mark % marks.length) | 0;
  while (marks[at] !== 0 && marks[at] !== mark) at = (at + 1) & (marks.length - 1);
  return at;
}

/** Never 0, which stands for an empty place. Two mixes of 32 bits each, after MurmurHash. */
function markOf(id: string): number {
  let low = 0xdead_beef;
  let high = 0x41c6_ce57;
  for (let index = 0; index < id.length; index += 1) {
    const code = id.charCodeAt(index);
    low = Math.imul(low ^ code, 0x9e37_79b1);
    high = Math.imul(high ^ code, 0x5f35_6495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85eb_ca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2_ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85eb_ca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2_ae35);
  return ((high >>> 0) % HALF) * 2 ** 32 + (low >>> 0) || 1;
}
