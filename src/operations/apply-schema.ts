import { JobctlError } from '../domain/errors.ts';
import type { SchemaAdmin, SchemaApplied } from '../domain/schema.ts';

export interface SchemaScript {
  /** The file, or the command that printed it. */
  readonly source: string;
  readonly text: string;
}

export interface SchemaPlan {
  readonly context: string;
  readonly where: string;
  readonly source: string;
  readonly statements: number;
}

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

/** Plan, show, ask, apply in one transaction, write into the audit what became of it. A dry run ends after the plan. */
export async function applySchema(
  admin: SchemaAdmin,
  script: SchemaScript,
  context: { readonly name: string; readonly readOnly: boolean },
  ports: SchemaPorts,
  dryRun: boolean,
): Promise<SchemaReport> {
  if (context.readOnly) {
    throw new JobctlError('refused', `The schema cannot be applied: the context ${context.name} is readOnly.`, {
      next: ['Use a context that may write: jobctl context list'],
    });
  }
  const { statements } = await admin.plan(script.text);
  const plan: SchemaPlan = { context: context.name, where: admin.where, source: script.source, statements };
  ports.show(plan, dryRun);
  if (dryRun) return { schemaVersion: 1, ...plan, backend: 'postgres', dryRun };
  await ports.confirm(plan);
  try {
    const applied = await admin.apply(script.text);
    await ports.audit(applied);
    return { schemaVersion: 1, ...plan, ...applied, dryRun };
  } catch (error) {
    await ports.audit(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}
