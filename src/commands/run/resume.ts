import { Args } from '@oclif/core';
import { compileTests } from '../../cli/criteria.ts';
import { runHere } from '../../cli/run-here.ts';
import { sourceOf } from '../../cli/source.ts';
import { WriteCommand } from '../../cli/write-command.ts';
import { engineFor } from '../../operations/engine.ts';
import { resumeRun } from '../../operations/resume.ts';
import { openRun } from '../../safety/run-folder.ts';

export default class RunResume extends WriteCommand {
  static override summary = 'Go on with a run that was interrupted.';
  static override description =
    'Asks the backend what became of the write whose answer never came, then goes on with the same plan: jobs that arrived since are not touched, and none is done twice.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> 20261124-034109-replay-email-k3f9',
    '<%= config.bin %> <%= command.id %> 20261124-034109-replay-email-k3f9 --yes --json',
  ];
  static override args = {
    run: Args.string({ required: true, description: 'Id of the run; run list shows unfinished ones first.' }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RunResume);
    return await this.write(flags, async (session, ports, pace) => {
      const { plan } = await runHere(session, args.run);
      const { task } = plan;
      const tests = task.kind === 'act' ? await compileTests(task.selection) : {};
      const engine = engineFor(plan, {
        adapter: session.adapter,
        tests,
        source: (from, first) => sourceOf(from, first, session.stateDir),
      });
      const run = await openRun(session.stateDir, args.run);
      try {
        return await resumeRun(
          run,
          engine,
          (from) => (task.kind === 'put-back' ? sourceOf(task, from, session.stateDir) : none()),
          ports,
          pace,
        );
      } finally {
        await run.close();
      }
    });
  }
}

async function* none(): AsyncGenerator<never> {}
