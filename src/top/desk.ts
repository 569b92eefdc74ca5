import type { QueueReader } from '../domain/adapter.ts';
import type { Instant } from '../domain/instant.ts';
import type { Report } from '../domain/plan.ts';
import type { Selection, Tests } from '../domain/selection.ts';
import type { Order } from '../operations/order.ts';
import type { Progress } from '../operations/ports.ts';
import type { Redact } from '../output/job-view.ts';
import type { PlanView } from '../output/plan-text.ts';
import type { RunShow } from '../output/run-text.ts';
import type { RunRow } from '../output/runs-text.ts';
import type { Look, PlaceFacts } from './model.ts';

/** What a write asks and tells while it goes on. */
export interface Talk {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  plan(plan: PlanView): void;
  progress(progress: Progress): void;
  /** Undefined: they left. */
  yesNo(question: string): Promise<boolean | undefined>;
  text(question: string): Promise<string | undefined>;
}

/** A backend as the screen works with it. It is reached with the first question, and again after it was lost. */
export interface Desk extends PlaceFacts {
  look(): Promise<Look>;
  /** For everything that only looks: it has no write methods. */
  reader(): Promise<QueueReader>;
  redact(): Promise<Redact>;
  tests(selection: Selection): Promise<Tests>;
  /** Of one queue, or all. */
  runs(queue?: string): Promise<readonly RunRow[]>;
  run(id: string, now: Instant): Promise<RunShow>;
  /** Until then every write is a dry run, whatever it was asked for. */
  unlock(unlocked: boolean): void;
  /** A text where there is no report: an export. */
  write(order: Order, talk: Talk): Promise<Report | string>;
  close(): Promise<void>;
}
