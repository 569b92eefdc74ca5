import type { Instant } from './instant.ts';

/** Messages that the backend itself takes from one queue to another: it goes on whether or not anybody watches. */
export interface Move {
  /** By this it is cancelled; only known while it runs. */
  readonly handle?: string | undefined;
  readonly status: 'running' | 'cancelling' | 'completed' | 'cancelled' | 'failed';
  /** The queue it sends to, where one was named. */
  readonly to?: string | undefined;
  readonly startedAt: Instant;
  readonly moved: number;
  /** Undefined until the backend has counted them. */
  readonly toMove?: number | undefined;
  /** The backend's own word for what went wrong. */
  readonly failure?: string | undefined;
}

export interface MoveRequest {
  readonly queue: string;
  /** Instead of each message's own. */
  readonly to?: string | undefined;
  readonly perSecond?: number | undefined;
}

/** What a move would be about. */
export interface MoveOutlook {
  /** The queue that it empties. */
  readonly from: string;
  /** Where its messages come from, and go back to. */
  readonly sources: readonly string[];
  readonly count: number;
  /** When the last move out of it began. */
  readonly lastBegan?: Instant | undefined;
  readonly warnings: readonly string[];
}

export interface Moves {
  /** Seconds between two looks at a move. */
  readonly every: number;
  /** Throws `refused` where it cannot be moved as a whole, `locked` while another move of it runs. */
  outlook(request: MoveRequest): Promise<MoveOutlook>;
  /** The last moves out of the queue, newest first. */
  look(from: string): Promise<Move[]>;
  /** Rejects as `refused` when the backend said no: then nothing was begun. Any other rejection leaves it open. */
  start(from: string, request: MoveRequest): Promise<void>;
  /** What was moved stays moved. */
  cancel(from: string, handle: string): Promise<void>;
  /** What a failure means, and what to do. */
  explain(failure: string): string;
}

export interface EmptyOutlook {
  /** How what lies in the queue is shown. */
  readonly state: 'waiting' | 'dead';
  readonly count: number;
  /** What cannot be saved, and why, among the rest. */
  readonly warnings: readonly string[];
}

/** Deletes everything in a queue in one call, also what nobody can receive. */
export interface Empties {
  /** Throws `refused` where it must not be looked through to save it. */
  outlook(queue: string, saves: boolean): Promise<EmptyOutlook>;
  /** Rejects as `locked` when it was emptied too short a time ago: then nothing was deleted. */
  empty(queue: string): Promise<void>;
}
