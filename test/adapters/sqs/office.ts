import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { actOn, type Deed } from '../../../src/cli/act.ts';
import { addJobs } from '../../../src/cli/add-jobs.ts';
import { goOn } from '../../../src/cli/go-on.ts';
import { putBack } from '../../../src/cli/put-back.ts';
import { undoRun } from '../../../src/cli/undo-run.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import type { NewJob } from '../../../src/domain/enqueue.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { Pace } from '../../../src/operations/ports.ts';
import { readRun } from '../../../src/safety/run-folder.ts';
import { sessionOf, worldOf } from '../../faults/carry-out.ts';

/** The commands without their flags: the real pipeline, state folder and roads back, on one adapter. */
export async function openOffice(adapter: QueueAdapter, more: Partial<Pace> = {}, state?: string) {
  const stateDir = state ?? (await mkdtemp(join(tmpdir(), 'jobctl-sqs-office-')));
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
  const session = sessionOf(adapter, stateDir);
  const world = worldOf(adapter, stateDir, { batch: 1000, ...more });
  const plans: Plan[] = [];
  const ports = {
    ...world.ports,
    show: { ...world.ports.show, plan: (plan: Plan) => void plans.push(plan) },
  };
  const { pace } = world;
  const back = async (run: string, asWas: boolean) => ({
    asWas,
    from: { backup: (await readRun(stateDir, run)).backupPath ?? '' },
  });
  return {
    session,
    ports,
    pace,
    stateDir,
    /** All that were shown. */
    plans,
    act: (deed: Deed) => actOn(session, ports, pace, deed),
    add: (queue: string, jobs: readonly NewJob[]) =>
      addJobs(session, ports, pace, {
        verb: 'enqueue',
        queue,
        jobs: asked(jobs),
        skipInvalid: false,
        newQueue: false,
      }),
    undo: (run: string) => undoRun(session, ports, pace, { run, asWas: true, timeout: '15s' }),
    goOn: (run: string) => goOn(session, ports, pace, { run, timeout: '15s' }),
    restore: async (run: string, asWas = false) =>
      putBack(session, ports, pace, { verb: 'restore', via: 'restore', ...(await back(run, asWas)), warnings: [] }),
  };
}

async function* asked(jobs: readonly NewJob[]) {
  for (const [index, job] of jobs.entries()) yield { at: `line ${index + 1}`, job };
}
