import { JobctlError } from '../../domain/errors.ts';
import type { SchemaFinding } from '../../domain/schema.ts';
import type { Db } from './connection.ts';
import type { Dialect, WriteVerb } from './dialect.ts';

/** A right that a role lacks. */
export interface Missing {
  readonly role: string;
  /** Quoted, with its schema. */
  readonly relation: string;
  readonly privilege: string;
}

/** Throws, with the statements that would mend it, when anything is missing. */
export function refuseWithout(missing: readonly Missing[], verb: string, where: string): void {
  const [first] = missing;
  if (first === undefined) return;
  const { role, privilege, relation } = first;
  throw new JobctlError(
    'unreachable',
    `At ${where} the role ${role} lacks ${privilege} on ${relation}, which ${verb} needs.`,
    { next: missing.map(grantOf) },
  );
}

export function rightsFinding(level: 'problem' | 'warning', missing: readonly Missing[], deeds: string): SchemaFinding {
  const lacks = missing.map(({ privilege, relation }) => `${privilege} on ${relation.replace(/^.*\./, '')}`);
  return {
    level,
    text: `The role ${missing[0]?.role} cannot ${deeds}: it lacks ${lacks.join(', ')}.`,
    next: missing.map(grantOf).join(' '),
  };
}

/** Only sequences have USAGE among what is asked for, and only functions EXECUTE. */
const kinds: Readonly<Record<string, string>> = { USAGE: 'SEQUENCE ', EXECUTE: 'FUNCTION ' };
export const grantOf = ({ role, privilege, relation }: Missing): string =>
  `GRANT ${privilege} ON ${kinds[privilege] ?? ''}${relation} TO "${role}";`;

/** Functions of a schema that a verb calls and this role may not. */
export const missingFunctions = (db: Db, schema: string, names: readonly string[]): Promise<Missing[]> =>
  db.query<Missing>(
    `SELECT current_user::text AS role, p.oid::regprocedure::text AS relation, 'EXECUTE' AS privilege
       FROM pg_proc p JOIN pg_namespace s ON s.oid = p.pronamespace
      WHERE s.nspname = $1 AND p.proname = ANY ($2) AND NOT has_function_privilege(p.oid, 'EXECUTE') ORDER BY 2`,
    [schema, names],
  );

/** What this role lacks for a deed, in the words of the refusal, and the statements that would mend it. */
export async function lackOf(
  { permit }: Pick<Dialect, 'permit'>,
  db: Db,
  deed: WriteVerb | 'resolve',
): Promise<string | undefined> {
  try {
    await permit(db, deed === 'resolve' ? 'edit' : deed); // to mark a job takes the same rights
    return undefined;
  } catch (error) {
    if (!(error instanceof JobctlError)) throw error;
    return [error.message, ...error.next].join(' ');
  }
}

/** Asks for each verb as a write would ask, before it claims anything. */
export async function deedsFinding<Verb extends string>(
  verbs: readonly Verb[],
  permit: (verb: Verb) => Promise<void>,
): Promise<SchemaFinding[]> {
  const blocked: Verb[] = [];
  const reasons = new Set<string>();
  const next = new Set<string>();
  for (const verb of verbs) {
    try {
      await permit(verb);
    } catch (error) {
      if (!(error instanceof JobctlError)) throw error;
      blocked.push(verb);
      reasons.add(error.message.replace(/^At \S+ /, '').replace(/, which \w+ (needs|cannot write to)\.$/, ''));
      for (const one of error.next) next.add(one);
    }
  }
  if (blocked.length === 0) return [];
  return [
    {
      level: 'warning',
      text: `No right to ${blocked.join(', ')}: ${[...reasons].join('; ')}.`,
      next: [...next].join(' '),
    },
  ];
}
