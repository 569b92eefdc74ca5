import { Args } from '@oclif/core';
import { JobctlCommand } from '../../cli/base-command.ts';
import { openPlan } from '../../cli/open-plan.ts';
import { planFileText } from '../../output/plan-file-text.ts';

export default class PlanShow extends JobctlCommand {
  static override summary = 'What a plan file says: by whom, when, about which jobs.';
  static override description = 'Reads the file alone; whether it still holds is found out by apply --dry-run.';
  static override examples = ['<%= config.bin %> <%= command.id %> window.json'];
  static override args = { file: Args.string({ required: true, description: 'The plan.' }) };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanShow);
    const { path, file, line } = await openPlan(args.file);
    const { madeBy, command, plan, pace, jobs } = file;
    const { task } = plan;
    // an edit brings a payload, a schedule what it gives to its jobs: neither is shown
    const shown =
      task.kind === 'act' && task.action.verb === 'edit'
        ? { ...plan, task: { ...task, action: { verb: 'edit' } } }
        : task.kind === 'schedule'
          ? { ...plan, task: { ...task, saved: undefined } }
          : plan;
    this.print(planFileText({ path, madeBy, line, plan, pace: { ...pace } }, this.page(flags)));
    return { schemaVersion: 1, path, madeBy, command, plan: shown, pace, ...(jobs && { jobs: jobs.length }) };
  }
}
