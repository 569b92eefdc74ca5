import { JobctlError } from '../domain/errors.ts';
import type { SchemaAdmin, SchemaApplied, SchemaPlan, SchemaProgram, SchemaScript } from '../domain/schema.ts';

export interface SchemaReport extends SchemaPlan {
  readonly schemaVersion: 1;
  readonly backend: string;
  readonly version?: string | undefined;
  readonly dryRun: boolean;
}

export interface SchemaPorts {
  show(plan: SchemaPlan, dryRun: boolean): void;
  /** Rejects when it must not be carried out. */
  confirm(plan: SchemaPlan): Promise<void>;
  audit(ended: SchemaApplied | Error): Promise<void>;
}

/** Plan, show, ask, apply, write into the audit what became of it. A dry run ends after the plan. */
export async function applySchema(
  admin: SchemaAdmin,
  work: SchemaScript | SchemaProgram,
  context: string,
  ports: SchemaPorts,
  dryRun: boolean,
): Promise<SchemaReport> {
  const { source, library } = work;
  const steps = 'run' in work ? { statements: work.steps } : await admin.plan(work);
  const plan: SchemaPlan = { context, where: admin.where, source, ...steps, ...(library && { library }) };
  ports.show(plan, dryRun);
  if (dryRun) return { schemaVersion: 1, ...plan, backend: 'postgres', dryRun };
  await ports.confirm(plan);
  try {
    const applied = 'run' in work ? await admin.carryOut(work) : await admin.apply(work);
    await ports.audit(applied);
    return { schemaVersion: 1, ...plan, ...applied, dryRun };
  } catch (error) {
    await ports.audit(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

/** Asked before anything of the backend or of a library is looked at. */
export function refuseReadOnly(context: { readonly name: string; readonly readOnly: boolean }): void {
  if (!context.readOnly) return;
  throw new JobctlError('refused', `The schema cannot be applied: the context ${context.name} is readOnly.`, {
    next: ['Use a context that may write: jobctl context list'],
  });
}
