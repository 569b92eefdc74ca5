import type { Interfaces } from '@oclif/core';
import { parseDuration, parseRate } from '../config/duration.ts';
import { ExitCode } from '../domain/errors.ts';
import type { Report } from '../domain/plan.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { CallTimes } from '../operations/relief.ts';
import { reportText } from '../output/report-text.ts';
import { refuseToOverwrite } from '../safety/plan-file.ts';
import { terminalPrompt } from '../safety/terminal-prompt.ts';
import { JobctlCommand } from './base-command.ts';
import { runFlags } from './flags.ts';
import { announced } from './notify.ts';
import { placed } from './placed.ts';
import { planKeeper } from './plan-keeper.ts';
import { portsFor } from './ports.ts';
import { reliefOf } from './relief.ts';
import { openSession, type Session } from './session.ts';
import { stopSignal } from './stop-signal.ts';
import { pageFor } from './terminal.ts';

export type RunFlags = Interfaces.InferredFlags<typeof RunCommand.baseFlags>;

/** The limits that only some writes have. */
interface Limits {
  /** Where the plan is written to, in place of carrying it out. */
  readonly 'plan-out'?: string | undefined;
  readonly rate?: string | undefined;
  readonly max?: number | undefined;
  readonly batch?: number | undefined;
}

const BATCH = 1000;

/** What every write shares: the safety flags, the pipeline, the report and its exit code. */
export abstract class RunCommand extends JobctlCommand {
  static override baseFlags = { ...JobctlCommand.baseFlags, ...runFlags };

  /** What the first Ctrl-C is answered with. */
  protected stopText: string = 'Stopping after the batch in flight. Press Ctrl-C again to leave at once.';

  /** A terminal that is closed asks it to stop, too: it has something to clean up. Elsewhere nohup must hold. */
  protected readonly hangUpStops: boolean = false;

  /** Carries out what `work` makes of the session, prints the report, and says by the exit code how it ended. */
  protected async write(
    flags: RunFlags & Limits,
    work: (session: Session, ports: Ports, pace: Pace) => Promise<Report>,
  ): Promise<Report> {
    return await this.inSession(flags, async (session, ports, pace) => {
      const report = await work(session, ports, pace);
      this.tell(report, flags, pace.signal);
      return report;
    });
  }

  /** Opens the session and the ports. The first Ctrl-C ends the work after the batch in flight. */
  protected async inSession<T>(
    flags: RunFlags & Limits,
    work: (session: Session, ports: Ports, pace: Pace) => Promise<T>,
  ): Promise<T> {
    const stop = stopSignal(() => this.say(this.stopText), this.hangUpStops);
    const planOut = flags['plan-out'];
    const times = new CallTimes();
    try {
      if (planOut !== undefined) await refuseToOverwrite(planOut);
      const perSecond = flags.rate === undefined ? undefined : parseRate(flags.rate);
      await using session = await openSession(
        { ...flags, json: this.jsonEnabled() },
        {
          perSecond,
          signal: stop.signal,
          tell: this.sayHowFar,
          record: (jobs, seconds) => times.record(jobs, seconds),
        },
      );
      const base = portsFor(session, {
        json: this.jsonEnabled(),
        input: !flags['no-input'],
        yes: flags.yes,
        confirm: flags.confirm,
        prompt: terminalPrompt(),
        page: pageFor(process.stderr, flags['no-color']),
        say: (text) => this.say(text),
        waitLockMs: flags['wait-lock'] === undefined ? 0 : parseDuration(flags['wait-lock']) * 1000,
      });
      const kept = planOut === undefined ? base : { ...base, keep: planKeeper(planOut, flags) };
      const ports = announced(kept, session.context, { env: process.env, say: (text) => this.say(text) });
      return await work(session, ports, {
        dryRun: Boolean(flags['dry-run']) || planOut !== undefined, // not set is undefined, whatever its type says
        max: flags.max,
        batch: flags.batch ?? BATCH,
        signal: stop.signal,
        relief: reliefOf(session.reader, times, stop.signal),
      });
    } finally {
      stop.dispose();
    }
  }

  protected tell(report: Report, flags: RunFlags, signal: AbortSignal): void {
    this.print(reportText({ ...report, next: placed(report.next, this.argv) }, this.page(flags)));
    if (report.dryRun || report.complete) return;
    const kind = signal.aborted ? 'cancelled' : report.timedOut ? 'timeout' : 'partial';
    process.exitCode = ExitCode[kind];
  }
}
