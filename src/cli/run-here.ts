import { JobctlError } from '../domain/errors.ts';
import { isContextName } from '../domain/identity.ts';
import type { Ports } from '../operations/ports.ts';
import { hereIn } from '../operations/same-place.ts';
import { type RunRecord, readRun } from '../safety/run-folder.ts';
import type { Session } from './session.ts';

/**
 * A run by its id; refused when it was made on another backend than this session's. The same one under another name is
 * said with the plan: hence the ports.
 */
export async function runHere(
  { stateDir, reader, context: here }: Session,
  ports: Ports,
  id: string,
): Promise<{ run: RunRecord; ports: Ports }> {
  const run = await readRun(stateDir, id);
  const { context, where } = run.plan;
  const now = reader.backend.where;
  if (where === now) return { run, ports };
  if (await hereIn(here.name, reader)(run.plan)) return { run, ports: saying(ports, movedLine(id, where, now)) };
  throw new JobctlError('refused', `The run ${id} was made on ${where}, this is ${now}.`, {
    next: [
      isContextName(context) ? `Use the context of the run: -c ${context}` : `Point --url or JOBCTL_URL at ${context}.`,
    ],
  });
}

const movedLine = (id: string, where: string, now: string): string =>
  `The run ${id} was made on ${where}; the same database answers at ${now} now.`;

const saying = (ports: Ports, line: string): Ports => ({
  ...ports,
  show: {
    ...ports.show,
    plan: (plan, dryRun) => ports.show.plan({ ...plan, warnings: [...plan.warnings, line] }, dryRun),
  },
});
