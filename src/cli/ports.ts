import { requireOps } from '../domain/capability.ts';
import { JobctlError } from '../domain/errors.ts';
import { earlier, fromDate } from '../domain/instant.ts';
import type { Report } from '../domain/plan.ts';
import type { Ports } from '../operations/ports.ts';
import { identified } from '../operations/same-place.ts';
import { plural } from '../output/count-text.ts';
import { jobView } from '../output/job-view.ts';
import type { Page } from '../output/page.ts';
import { planText } from '../output/plan-text.ts';
import { appendAudit } from '../safety/audit.ts';
import { type ConfirmOptions, confirmer } from '../safety/confirm.ts';
import { operator } from '../safety/operator.ts';
import { removeRunsBefore } from '../safety/retention.ts';
import { createRun, runsFolder } from '../safety/run-folder.ts';
import { progressLine } from './progress.ts';
import type { Session } from './session.ts';
import { isAttended } from './terminal.ts';

export interface PortOptions extends Omit<ConfirmOptions, 'tty'> {
  /** The page of stderr, where the plan goes. */
  readonly page: Page;
  readonly say: (text: string) => void;
  readonly waitLockMs: number;
  /** What the audit keeps as the command; this process's own when missing. */
  readonly command?: readonly string[] | undefined;
}

/** The real world behind a write. */
export function portsFor(session: Session, options: PortOptions): Ports {
  const { page, say } = options;
  const attended = isAttended() && !options.json;
  const progress = progressLine(attended, say);
  const who = operator(process.env);
  const { newerSchema } = session.adapter.backend;
  return {
    show: {
      plan: (plan, dryRun) =>
        say(
          planText(
            {
              plan,
              dryRun,
              sample: plan.sample.map((job) => jobView(job, session.redact)),
              backupFolder: runsFolder(session.stateDir),
            },
            page,
          ),
        ),
      progress: (step) => progress.show(step),
      settled: () => progress.end(),
    },
    confirm: confirmer({ ...options, tty: attended }),
    lock: (plan) =>
      requireOps(session.context.name, 'take the lock', session.adapter.can.lock).acquire({
        queues: plan.queues,
        holder: `${plan.verb} by ${who.user}@${who.host} (pid ${process.pid})`,
        waitMs: options.waitLockMs,
      }),
    open: async (plan) => createRun(session.stateDir, await identified(plan, session.reader), new Date()),
    audit: async (plan, run, ended) => {
      const entry = {
        time: fromDate(new Date()),
        ...who,
        context: plan.context,
        queues: plan.queues,
        verb: plan.verb,
        run,
        command: options.command ?? process.argv.slice(2),
        reason: plan.reason,
        ...(newerSchema === undefined ? {} : { newerSchema }),
      };
      const write = (more: { outcome: string; exitCode: number; verb?: string }): Promise<void> =>
        appendAudit(session.stateDir, { ...entry, ...more }).catch((error: Error) =>
          say(`The audit log could not be written: ${error.message}`),
        );
      await write(endOf(ended));
      const removed = await oldRunsRemoved(session, say);
      if (removed.length > 0)
        await write({ verb: 'retention', outcome: `removed with their backups: ${removed.join(', ')}`, exitCode: 0 });
    },
  };
}

/** After a run, not before: it may have read the backup of an old one. */
async function oldRunsRemoved({ stateDir, retention }: Session, say: PortOptions['say']): Promise<string[]> {
  if (retention === undefined) return [];
  try {
    const removed = await removeRunsBefore(stateDir, earlier(fromDate(new Date()), retention));
    if (removed.length > 0)
      say(`${plural(removed.length, 'run')} older than backups.retention removed, with the backups.`);
    return removed;
  } catch (error) {
    say(`Old runs could not be removed: ${error instanceof Error ? error.message : error}`);
    return [];
  }
}

function endOf(ended: Report | Error): { outcome: string; exitCode: number } {
  if (ended instanceof Error)
    return { outcome: ended.message, exitCode: ended instanceof JobctlError ? ended.exitCode : 1 };
  const { done, skipped, failed, unknown } = ended.outcomes;
  return {
    outcome: `${done} done, ${skipped} skipped, ${failed} failed, ${unknown} unknown${ended.stopped === undefined ? '' : `; stopped: ${ended.stopped}`}`,
    exitCode: ended.complete ? 0 : 3,
  };
}
