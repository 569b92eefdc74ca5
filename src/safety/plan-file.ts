import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { NewJob } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import { whyNot } from '../domain/file-fault.ts';
import type { Plan } from '../domain/plan.ts';
import { errorCode } from './disk-error.ts';
import { writeDurably } from './durable-file.ts';
import { maskArgv, maskSecrets } from './mask.ts';
import type { Operator } from './operator.ts';
import { refuseUnwritable } from './writable.ts';

/** How a plan is to be carried out, in the words of the command line. */
export interface PlanPace {
  readonly rate?: string | undefined;
  readonly batch?: number | undefined;
  readonly canary?: number | undefined;
  readonly canaryWait?: string | undefined;
  readonly maxFailures?: number | undefined;
  readonly spread?: string | undefined;
  readonly force?: boolean | undefined;
}

/** A plan to be carried out later, maybe by somebody else. It holds no payload but what an edit or an enqueue brings. */
export interface PlanFile {
  readonly schemaVersion: 1;
  readonly madeBy: Operator;
  readonly command: readonly string[];
  readonly plan: Plan;
  readonly pace: PlanPace;
  readonly jobs?: readonly NewJob[] | undefined;
  readonly sha256: string;
}

const FORMAT = 'A plan file is written by a command with --plan-out FILE.';

/** Throws `usage` when there is something at that path that is no plan: nothing else may be written over. */
export async function refuseToOverwrite(path: string): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw unreadable(path, cause);
  });
  if (found === undefined) await refuseUnwritable('plan', path, '--plan-out');
  if (found === undefined || (found.isFile() && found.size === 0)) return;
  if (found.isFile() && (await readPlanFile(path).catch(() => undefined)) !== undefined) return;
  throw new JobctlError('usage', `${path} is there already, and is no plan: it is not written over.`, {
    next: ['Name another file after --plan-out.'],
  });
}

/** Resolves when it is on the disk, readable by its owner only. */
export async function writePlanFile(path: string, file: Omit<PlanFile, 'schemaVersion' | 'sha256'>): Promise<void> {
  const { plan } = file;
  const { reason } = plan;
  const body = {
    schemaVersion: 1 as const,
    ...file,
    command: maskArgv(file.command),
    plan: { ...plan, sample: [], ...(reason === undefined ? {} : { reason: maskSecrets(reason) }) },
  };
  await writeDurably(path, `${JSON.stringify({ ...body, sha256: checksum(body) }, undefined, 2)}\n`);
}

/** Throws `usage` when it is no plan, was changed by hand, or holds what this version does not know. */
export async function readPlanFile(path: string): Promise<PlanFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const value = parsed(text);
  if (typeof value !== 'object' || value === null || !('plan' in value))
    throw noPlan(path, 'it is not the JSON of a plan');
  if ('schemaVersion' in value && typeof value.schemaVersion === 'number' && value.schemaVersion > 1)
    throw new JobctlError('usage', `${path} was written by a newer jobctl.`, { next: ['Apply it with that version.'] });
  const { planFileSchema } = await import('./plan-schema.ts');
  const read = planFileSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw noPlan(path, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown'}`);
  }
  const { sha256, ...body } = value as PlanFile;
  if (sha256 !== checksum(body)) throw noPlan(path, 'it was changed after it was written');
  return value as PlanFile;
}

/** The same whatever order the keys stand in. */
const checksum = (body: object): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(body)))
    .digest('hex');

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, item]) => item !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, item]) => [key, sorted(item)]),
        )
      : value;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unreadable = (path: string, cause: unknown): JobctlError =>
  new JobctlError('usage', `The plan ${path} cannot be read: ${whyNot(cause)}.`, { next: [FORMAT], cause });

const noPlan = (path: string, why: string): JobctlError =>
  new JobctlError('usage', `${path} cannot be taken for a plan: ${why}.`, {
    next: ['Make it again with --plan-out; a plan is not edited by hand.'],
  });
