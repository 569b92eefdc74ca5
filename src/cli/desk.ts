import type { Context } from '../config/context.ts';
import { parseDuration } from '../config/duration.ts';
import type { QueueReader } from '../domain/adapter.ts';
import type { Instant } from '../domain/instant.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { type Order, wordsOf } from '../operations/order.ts';
import type { Progress } from '../operations/ports.ts';
import { CallTimes } from '../operations/relief.ts';
import { jobView, type Redact } from '../output/job-view.ts';
import { plainStyle } from '../output/page.ts';
import type { PlanView } from '../output/plan-text.ts';
import type { RunShow } from '../output/run-text.ts';
import { confirmer, type Prompt } from '../safety/confirm.ts';
import { batches } from '../safety/journal.ts';
import { readRun, runsFolder } from '../safety/run-folder.ts';
import { listRuns, type RunSummary, summaryOf } from '../safety/run-list.ts';
import { carryOut } from './carry-out.ts';
import { compileTests } from './criteria.ts';
import { lookAt } from './look-at.ts';
import { announced } from './notify.ts';
import { whereFlags } from './placed.ts';
import { portsFor } from './ports.ts';
import { reliefOf } from './relief.ts';
import { openSession, type Session, type SessionFlags } from './session.ts';

const BATCH = 1000;
const RUNS = 200;

interface Talk extends Prompt {
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  plan(plan: PlanView): void;
  progress(progress: Progress): void;
}

/** A context for a screen: opened with the first look, looked at again and again, written to by the pipeline alone. */
export function openDesk(context: Context, flags: SessionFlags, stateDir: string) {
  const place = placeOf(flags);
  let opening: Promise<Session> | undefined;
  let unlocked = false;
  let times = new CallTimes();
  const session = (): Promise<Session> => {
    opening ??= openSession(flags, { record: (jobs, seconds) => times.record(jobs, seconds) }).catch(
      (error: unknown) => {
        opening = undefined; // the next look tries again
        throw error;
      },
    );
    return opening;
  };
  return {
    name: context.name,
    protected: context.protected,
    readOnly: context.readOnly,
    flags: place,
    targets: targetsOf(context),
    look: async () => lookAt(await session()),
    reader: async (): Promise<QueueReader> => (await session()).reader,
    redact: async (): Promise<Redact> => (await session()).redact,
    tests: compileTests,
    runs: async (queue?: string): Promise<readonly RunSummary[]> =>
      (await listRuns(stateDir))
        .filter((run) => run.context === context.name && (queue === undefined || run.queues.includes(queue)))
        .slice(0, RUNS),
    run: (id: string, now: Instant) => showRun(stateDir, id, now),
    unlock: (now: boolean): void => {
      unlocked = now;
    },
    write: async (order: Order, talk: Talk): Promise<Report | string> => {
      const opened = await session();
      const base = portsFor(opened, {
        json: false,
        input: true,
        yes: false,
        prompt: talk,
        page: { width: 80, style: plainStyle, clean: (text) => text },
        say: () => {},
        waitLockMs: 0,
        command: wordsOf(order, place),
      });
      const shown = {
        ...base,
        show: {
          plan: (plan: Plan, dryRun: boolean) =>
            talk.plan({
              plan,
              dryRun,
              sample: plan.sample.map((job) => jobView(job, opened.redact)),
              backupFolder: runsFolder(stateDir),
            }),
          progress: (progress: Progress) => talk.progress(progress),
          settled: () => {},
        },
        confirm: confirmer({ tty: true, json: false, input: true, yes: false, prompt: talk }),
      };
      const ports = announced(shown, context, { env: process.env, say: () => {} });
      times = new CallTimes();
      const relief = reliefOf(opened.reader, times, talk.signal);
      const pace = { dryRun: talk.dryRun || !unlocked, batch: BATCH, signal: talk.signal, relief };
      return await carryOut(opened, ports, pace, order, flags.timeout);
    },
    close: async (): Promise<void> => {
      await (await opening?.catch(() => undefined))?.[Symbol.asyncDispose]();
    },
  };
}

/** What leads another command to the same place, as it was typed: a password is never in it. */
function placeOf(flags: SessionFlags): string[] {
  const given = whereFlags.flatMap((name) => (flags[name] === undefined ? [] : [`--${name}`, flags[name]]));
  return flags.context === undefined ? given : ['-c', flags.context, ...given];
}

/** Of the queues and lanes that have one. */
const targetsOf = ({ queues }: Context) =>
  Object.fromEntries(
    Object.entries(queues).flatMap(([queue, { target, lanes = {} }]) => {
      const byLane = Object.entries(lanes).flatMap(([lane, { target }]) =>
        target === undefined ? [] : [[lane, parseDuration(target)] as const],
      );
      const found = {
        queue: target === undefined ? undefined : parseDuration(target),
        lanes: Object.fromEntries(byLane),
      };
      return found.queue === undefined && byLane.length === 0 ? [] : [[queue, found] as const];
    }),
  );

async function showRun(stateDir: string, id: string, now: Instant): Promise<RunShow> {
  const { plan, report, backupPath, journalPath } = await readRun(stateDir, id);
  const run = await summaryOf(stateDir, id);
  const handled = run.running ? await handledBy(journalPath) : undefined;
  return { run, plan, report, backup: backupPath, journal: journalPath, handled, now, next: [] };
}

/** Jobs that a run which goes on has dealt with so far. */
async function handledBy(journalPath: string): Promise<number> {
  let jobs = 0;
  for await (const { outcome } of batches(journalPath))
    jobs += outcome === undefined ? 0 : outcome.done + outcome.rest.length;
  return jobs;
}
