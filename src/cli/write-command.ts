import type { Interfaces } from '@oclif/core';
import { parseDuration, parseRate } from '../config/duration.ts';
import type { Action, Resolution } from '../domain/action.ts';
import { ExitCode } from '../domain/errors.ts';
import type { JobState } from '../domain/job.ts';
import type { Plan, Report, Verb } from '../domain/plan.ts';
import type { Engine } from '../operations/engine.ts';
import { engineFor } from '../operations/engine.ts';
import { planAction } from '../operations/plan-action.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { reportText } from '../output/report-text.ts';
import { terminalPrompt } from '../safety/terminal-prompt.ts';
import { JobctlCommand } from './base-command.ts';
import { compileTests, readSelection, type SelectionFlags } from './criteria.ts';
import { writeFlags } from './flags.ts';
import { portsFor } from './ports.ts';
import { openSession, type Session } from './session.ts';
import { sourceOf } from './source.ts';
import { stopSignal } from './stop-signal.ts';
import { pageFor } from './terminal.ts';
import { withUnfinished } from './unfinished.ts';

export type WriteFlags = Interfaces.InferredFlags<typeof WriteCommand.baseFlags>;

export interface ActRequest {
  readonly verb: Verb;
  readonly queues: readonly string[];
  readonly states: readonly JobState[];
  readonly stuck?: boolean | undefined;
  readonly resolved?: true | undefined;
  readonly action: Action | Resolution;
}

/** What every write shares: the safety flags, the pipeline, the report and its exit code. */
export abstract class WriteCommand extends JobctlCommand {
  static override baseFlags = { ...JobctlCommand.baseFlags, ...writeFlags };

  /** Opens the session and carries out what `work` makes of it. The first Ctrl-C ends it after the batch in flight. */
  protected async write(
    flags: WriteFlags,
    work: (session: Session, ports: Ports, pace: Pace) => Promise<Report>,
  ): Promise<Report> {
    const stop = stopSignal((text) => this.say(text));
    try {
      const perSecond = flags.rate === undefined ? undefined : parseRate(flags.rate);
      await using session = await openSession(
        { ...flags, json: this.jsonEnabled() },
        { perSecond, signal: stop.signal },
      );
      const ports = portsFor(session, {
        json: this.jsonEnabled(),
        input: !flags['no-input'],
        yes: flags.yes,
        confirm: flags.confirm,
        prompt: terminalPrompt(),
        page: pageFor(process.stderr, flags['no-color']),
        say: (text) => this.say(text),
        waitLockMs: flags['wait-lock'] === undefined ? 0 : parseDuration(flags['wait-lock']) * 1000,
      });
      const report = await work(session, ports, {
        dryRun: Boolean(flags['dry-run']), // not set is undefined, whatever its type says
        max: flags.max,
        batch: flags.batch,
        signal: stop.signal,
      });
      this.print(reportText(report, this.page(flags)));
      if (!report.dryRun && !report.complete)
        process.exitCode = stop.signal.aborted ? ExitCode.cancelled : ExitCode.partial;
      return report;
    } finally {
      stop.dispose();
    }
  }

  /** A verb on the jobs that the selection flags name. */
  protected act(
    flags: WriteFlags & SelectionFlags,
    request: (session: Session) => Promise<ActRequest>,
  ): Promise<Report> {
    return this.write(flags, async (session, ports, pace) => {
      const { verb, queues, states, stuck, resolved, action } = await request(session);
      const chosen = await readSelection(flags, queues, states, () => session.reader.now());
      const selection = {
        ...chosen,
        ...(stuck === undefined ? {} : { stuck }),
        ...(resolved === undefined ? {} : { resolved }),
      };
      const tests = await compileTests(selection);
      const { name, protected: isProtected } = session.context;
      const { limit, reason } = flags;
      const plan = async (): Promise<Plan> => {
        const made = await planAction(session.reader, {
          verb,
          context: name,
          protected: isProtected,
          selection,
          tests,
          action,
          limit,
          reason,
        });
        return withUnfinished(made, session.stateDir);
      };
      const engine = (made: Plan): Engine =>
        engineFor(made, {
          adapter: session.adapter,
          tests,
          source: (task, from) => sourceOf(task, from, session.stateDir),
        });
      return await runOperation(plan, engine, ports, pace);
    });
  }
}
