/** What limits a consumer. A value that is missing limits nothing. */
export interface ScaleValues {
  /** So many at once from this queue. */
  readonly maxConcurrency?: number | undefined;
  /** Jobs that are handed over together. */
  readonly batchSize?: number | undefined;
  /** So long it is waited for that many. */
  readonly batchWindowSeconds?: number | undefined;
  /** So many at once of this consumer, whatever starts them. */
  readonly reservedConcurrency?: number | undefined;
}

/** One consumer of a queue, and how much it may do at once. */
export interface Scale {
  readonly id: string;
  readonly queue: string;
  /** Its name for people: that of the function. */
  readonly consumer: string;
  /** The backend's own word. */
  readonly state: string;
  readonly values: ScaleValues;
  /** Facts of one line each that a change has to mind. */
  readonly notes: readonly string[];
}

/** Values that are missing stay as they are; null takes the limit away. */
export interface ScaleChange {
  readonly maxConcurrency?: number | null | undefined;
  readonly batchSize?: number | undefined;
  readonly batchWindowSeconds?: number | null | undefined;
  readonly reservedConcurrency?: number | null | undefined;
}

/** A call that rejects as `refused`, `stale` or `unsupported` has changed nothing. */
export interface Scales {
  /** What to know before it is done. Throws `refused` where the backend would not take it. */
  check(scale: Scale, change: ScaleChange): Promise<{ readonly warnings: readonly string[]; readonly severe: boolean }>;
  /** `as`: only while these values are still so. Verified: resolves when the backend shows the new values. */
  set(scale: Pick<Scale, 'id' | 'queue'>, change: ScaleChange, as: ScaleChange): Promise<Scale>;
}
