import { join } from 'node:path';
import { JobctlCommand } from '../../cli/base-command.ts';
import { programName } from '../../demo/guide.ts';
import { tour } from '../../demo/tour.ts';
import { arrivalText, closingText, failureText, openingText, titleText, verdictText } from '../../demo/tour-text.ts';

export default class DemoTour extends JobctlCommand {
  static override summary = 'Play an incident through on a demo of its own, and check each step.';
  static override description =
    'Asks nothing, touches neither a running demo nor the history of your runs, and leaves nothing behind. Ends with 1 when a step did not do what it says.';
  static override examples = ['<%= config.bin %> <%= command.id %>'];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(DemoTour);
    const { style } = this.page(flags);
    this.print(openingText);
    const report = await tour({
      program: join(this.config.root, 'bin', 'run.js'),
      say: (text) => this.say(text),
      arrives: (variables) => this.print(arrivalText(variables)),
      begins: ({ title }, number, command) => this.print(titleText(title, number, command, style)),
      said: (output) => this.print(output),
      ends: ({ proves }, step) => this.print(verdictText(proves, step, style)),
    });
    if (report.ok) this.print(closingText(report, programName(process.argv, process.env), style));
    else {
      process.exitCode = 1;
      this.say(failureText(report));
    }
    return report;
  }
}
