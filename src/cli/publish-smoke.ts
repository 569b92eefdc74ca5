import { appendFile, writeFile } from 'node:fs/promises';
import { type SmokeView, smokeJunit, smokeMarkdown } from '../output/smoke-text.ts';
import { refuseUnwritable } from '../safety/writable.ts';

/** Said before a job is added, not after it has run. */
export async function refuseUnreported(junit: string | undefined): Promise<void> {
  if (junit !== undefined) await refuseUnwritable('report', junit, '--junit');
}

export interface Published {
  /** What could not be written, and why. */
  readonly warnings: readonly string[];
  /** The report that was asked for is there. */
  readonly reported: boolean;
}

/** Where a CI looks for the result. What cannot be written never hides the result itself. */
export async function publishSmoke(
  smoke: SmokeView,
  junit: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Published> {
  const warnings: string[] = [];
  const tried = async (name: string, write: () => Promise<unknown>): Promise<boolean> => {
    try {
      await write();
      return true;
    } catch (cause) {
      warnings.push(`${name} could not be written: ${(cause as Error).message}`);
      return false;
    }
  };
  const summary = env['GITHUB_STEP_SUMMARY'];
  if (summary) await tried('$GITHUB_STEP_SUMMARY', () => appendFile(summary, smokeMarkdown(smoke)));
  const reported = junit === undefined || (await tried(junit, () => writeFile(junit, smokeJunit(smoke))));
  return { warnings, reported };
}
