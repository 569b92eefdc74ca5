import type { Instant } from '../domain/instant.ts';
import type { Order } from '../operations/order.ts';
import type { Progress } from '../operations/ports.ts';
import type { JobDetailView } from '../output/job-view.ts';
import type { PlanView } from '../output/plan-text.ts';
import type { RunShow } from '../output/run-text.ts';
import type { RunRow } from '../output/runs-text.ts';
import type { DeadGroups, Ending, JobLine, Look, QueueFacts } from './model.ts';

/** What happened. `at`: the screen's clock, milliseconds. */
export type Message =
  | { readonly type: 'key'; readonly key: string }
  | { readonly type: 'tick'; readonly at: number }
  | { readonly type: 'resized'; readonly columns: number; readonly rows: number }
  | {
      readonly type: 'looked';
      readonly place: string;
      readonly look: Look;
      readonly at: number;
      readonly tookMs: number;
    }
  | { readonly type: 'look-failed'; readonly place: string; readonly message: string; readonly at: number }
  | {
      readonly type: 'answered';
      readonly ticket: number;
      readonly at: number;
      readonly tookMs: number;
      readonly answer: Answer;
    }
  | { readonly type: 'failed'; readonly ticket: number; readonly at: number; readonly message: string }
  | { readonly type: 'planned'; readonly plan: PlanView }
  | { readonly type: 'asked'; readonly question: string; readonly severe: boolean }
  | { readonly type: 'progressed'; readonly progress: Progress }
  | { readonly type: 'ended'; readonly ending: Ending };

/** What a screen had asked for. */
export type Answer =
  | { readonly kind: 'queue'; readonly facts: QueueFacts }
  | { readonly kind: 'dead'; readonly found: DeadGroups }
  | { readonly kind: 'jobs'; readonly jobs: readonly JobLine[]; readonly more: boolean; readonly now: Instant }
  | { readonly kind: 'preview'; readonly id: string; readonly detail: JobDetailView | undefined }
  | { readonly kind: 'job'; readonly detail: JobDetailView | undefined; readonly now: Instant }
  | { readonly kind: 'runs'; readonly runs: readonly RunRow[]; readonly now: Instant }
  | { readonly kind: 'run'; readonly shown: RunShow };

/** What a screen asks for. */
export type Question =
  | { readonly kind: 'queue'; readonly queue: string }
  | { readonly kind: 'dead'; readonly queue: string; readonly all: boolean }
  /** Up to this many jobs in all; `fresh` begins anew, else it goes on where the last answer ended. */
  | {
      readonly kind: 'jobs';
      readonly queue: string;
      readonly group?: string | undefined;
      readonly error?: string | undefined;
      readonly upTo: number;
      readonly fresh: boolean;
    }
  | { readonly kind: 'preview' | 'job'; readonly queue: string; readonly id: string }
  | { readonly kind: 'runs' }
  | { readonly kind: 'run'; readonly id: string };

/** What is to be done in the world. */
export type Effect =
  | { readonly type: 'look'; readonly place: string }
  | { readonly type: 'ask'; readonly place: string; readonly ticket: number; readonly question: Question }
  /** The screen of this ticket is gone. */
  | { readonly type: 'forget'; readonly ticket: number }
  | { readonly type: 'unlock'; readonly unlocked: boolean }
  | { readonly type: 'act'; readonly place: string; readonly order: Order; readonly dryRun: boolean }
  | { readonly type: 'reply'; readonly yes: boolean; readonly text?: string | undefined }
  /** End the run after the batch in flight. */
  | { readonly type: 'stop' }
  | { readonly type: 'suspend' }
  | { readonly type: 'exit'; readonly code: number };
