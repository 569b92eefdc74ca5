import type { Instant } from './instant.ts';

/** What a claim does to its jobs when it is applied. Stored in the plan, so plain data. */
export type Action =
  /** dead → waiting, with the full attempt policy again unless `keepAttempts`. `to`: in that queue instead of each job's own. */
  | { readonly verb: 'replay'; readonly keepAttempts: boolean; readonly to?: string | undefined }
  /** active → waiting for jobs whose owner is gone. */
  | { readonly verb: 'reset' }
  | { readonly verb: 'remove' }
  /** waiting or delayed → cancelled; an active job is asked to stop where the backend can ask. */
  | { readonly verb: 'cancel' }
  /** A new payload for a dead job; it stays dead. */
  | { readonly verb: 'edit'; readonly payload: string };

/** dead → marked as handled, with a note; the job stays where it is. Only where the backend keeps such a mark. */
export interface Resolution {
  readonly verb: 'resolve';
  readonly note: string;
}

/** How saved jobs are put back by restore and undo. */
export interface PutBack {
  /** Also jobs that were waiting or active come back as they were; otherwise they come back dead, so that nothing starts by itself. */
  readonly asWas: boolean;
  /** The backend's clock when the plan was made. */
  readonly cutoff: Instant;
}
