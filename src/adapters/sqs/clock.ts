/**
 * The clock of SQS, told from the Date header of its answers. That has whole seconds, so each answer gives bounds; as long as
 * these allow it, the clock of this machine is taken to be right.
 */
export class ServerClock {
  #least = Number.NEGATIVE_INFINITY;
  #most = Number.POSITIVE_INFINITY;

  get isKnown(): boolean {
    return Number.isFinite(this.#least);
  }

  /** `sent` and `received` on the clock of this machine, milliseconds. */
  note(header: string | undefined, sent: number, received: number): void {
    const at = Date.parse(header ?? '');
    if (Number.isNaN(at)) return;
    const least = at - received;
    const most = at + 1000 - sent;
    const fits = least <= this.#most && most >= this.#least;
    // a clock that was set since, here or there: only the last answer counts
    this.#least = fits ? Math.max(this.#least, least) : least;
    this.#most = fits ? Math.min(this.#most, most) : most;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + Math.min(Math.max(0, this.#least), this.#most);
  }
}
