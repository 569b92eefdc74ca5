import type { Lock } from '../domain/adapter.ts';
import type { Plan } from '../domain/plan.ts';
import type { RunFolder } from '../safety/run-folder.ts';
import type { Engine } from './batch.ts';
import type { Pace, Ports } from './ports.ts';

/** A run, and all that it needs. */
export interface Execution {
  readonly plan: Plan;
  readonly run: RunFolder;
  readonly engine: Engine;
  readonly lock: Lock;
  readonly ports: Ports;
  readonly pace: Pace;
}
