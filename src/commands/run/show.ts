import { Args } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { runsPlace } from '../../cli/places.ts';
import { fromDate } from '../../domain/instant.ts';
import type { Plan } from '../../domain/plan.ts';
import { readPast } from '../../operations/past.ts';
import { runText } from '../../output/run-text.ts';
import { readRun } from '../../safety/run-folder.ts';
import { summaryOf } from '../../safety/run-list.ts';

export default class RunShow extends JobctlCommand {
  static override summary = 'One run: its plan, what became of it, what to do next.';
  static override examples = ['<%= config.bin %> <%= command.id %> 20261124-034109-replay-email-k3f9'];
  static override args = { run: Args.string({ required: true, description: 'Id of the run.' }) };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RunShow);
    const stateDir = await runsPlace(flags);
    const { plan: whole, report, backupPath, journalPath } = await readRun(stateDir, args.run);
    const { task } = whole;
    // what a schedule gives to its jobs may hold secrets
    const plan = task.kind === 'schedule' ? { ...whole, task: { ...task, saved: undefined } } : whole;
    const run = await summaryOf(stateDir, args.run);
    const open = run.state === 'unfinished';
    const handled = open && report === undefined ? await handledIn(whole, journalPath) : undefined;
    const next = open && !run.running ? [`jobctl run resume ${run.id}`] : (report?.next ?? []);
    const shown = { run, plan, report, handled, backup: backupPath, journal: journalPath, next };
    this.print(runText({ ...shown, next: this.following(next), now: fromDate(new Date()) }, this.page(flags)));
    return { schemaVersion: 1, ...shown };
  }
}

/** How far a run came that was killed before it could report; a damaged journal does not tell. */
const handledIn = (plan: Plan, journalPath: string): Promise<number | undefined> =>
  readPast({ plan, journalPath }).then(
    ({ results }) => results.handled,
    () => undefined,
  );
