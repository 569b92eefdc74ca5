import type { DoctorFinding } from '../domain/doctor.ts';
import { JobctlError } from '../domain/errors.ts';
import type { SchemaFinding } from '../domain/schema.ts';
import { openSchemaSession, type Session, type SessionFlags } from './session.ts';

export interface Examined {
  readonly checked: readonly string[];
  /** Problems first. */
  readonly findings: readonly DoctorFinding[];
}

/** All that can be judged of a backend from here: its own findings, what it warns of when it is opened, its tables. */
export async function examine(
  { reader, context }: Session,
  flags: SessionFlags,
  queues: readonly string[] | undefined,
): Promise<Examined> {
  const checked = ['what the backend warns of'];
  const findings: DoctorFinding[] = reader.backend.warnings.map((what) => ({
    id: 'backend-warning',
    severity: 'warning',
    what,
    next: [],
  }));
  if (reader.findings !== undefined) {
    checked.push('the set-up of queues and consumers');
    findings.push(...(await reader.findings(queues)));
  }
  const tables = await tablesOf(flags, !context.readOnly);
  if (tables !== undefined) {
    checked.push('the tables of the database');
    findings.push(...tables.flatMap(asFinding));
  }
  const rank = ({ severity }: DoctorFinding): number => (severity === 'problem' ? 0 : 1);
  return { checked, findings: findings.sort((a, b) => rank(a) - rank(b)) };
}

/** Undefined where the queue lives in no tables. */
async function tablesOf(flags: SessionFlags, writes: boolean): Promise<readonly SchemaFinding[] | undefined> {
  try {
    await using schema = await openSchemaSession(flags);
    return (await schema.admin.check({ writes })).findings;
  } catch (error) {
    if (error instanceof JobctlError && error.kind === 'unsupported') return undefined;
    throw error;
  }
}

function asFinding({ level, text, next }: SchemaFinding): DoctorFinding[] {
  if (level === 'ok' || level === 'hint') return [];
  return [{ id: 'schema', severity: level, what: text, next: next === undefined ? [] : [next] }];
}
