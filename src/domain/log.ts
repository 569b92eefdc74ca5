import type { Instant } from './instant.ts';

export interface LogRequest {
  readonly queue: string;
  /** Only lines with this text in them, such as the id of a job. */
  readonly text?: string | undefined;
  /** How far back, seconds. */
  readonly sinceSeconds: number;
  /** Lines at most, the newest. */
  readonly limit: number;
}

export interface LogLine {
  readonly at: Instant;
  /** Who wrote it: the name of a function. */
  readonly source: string;
  /** As it was written: nothing is taken out of it yet. */
  readonly text: string;
}

export interface LogAnswer {
  /** In the order of their time. */
  readonly lines: readonly LogLine[];
  /** Older ones were left out, or the search was given up before its end. */
  readonly more: boolean;
  /** Whose logs were looked at. */
  readonly sources: readonly string[];
  /** What to know about the answer, one line each. */
  readonly notes: readonly string[];
}
