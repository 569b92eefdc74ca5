import type { QueueAdapter } from '../domain/adapter.ts';
import type { Capability } from '../domain/capability.ts';
import type { JobState } from '../domain/job.ts';
import type { Attribute, Bench } from './bench.ts';

/** Resolves when the promise is kept, rejects when it is not. */
export type Check = (bench: Bench) => Promise<void>;

export interface Topic {
  readonly name: string;
  /** By title: a sentence that says the promise. */
  readonly checks: Readonly<Record<string, Check>>;
}

/** Thrown by a check that has no meaning on this backend, with the backend's own reason. Shown as a skipped test. */
export class NotHere extends Error {
  override readonly name = 'NotHere';
}

type Can = Required<QueueAdapter['can']>;
type OpsOf<Name extends keyof Can> = Can[Name] extends Capability<infer Ops> ? Ops : never;

/** The operations of a capability; where there are none, the check ends here. */
export function opsOf<Name extends keyof Can>(bench: Pick<Bench, 'adapter'>, name: Name): OpsOf<Name> {
  const capability = bench.adapter.can[name];
  if (capability === undefined) throw new NotHere(`no ${name}`);
  if (capability.level === 'none') throw new NotHere(`no ${name}: ${capability.why}`);
  return capability.ops as OpsOf<Name>;
}

/** Ends the check here where a job that is put back is another one. */
export function needsSameIds({ holds }: Bench): void {
  if (holds.ids === 'new ones') throw new NotHere('a job that is put back gets another id');
}

/** Ends the check here when the backend cannot hold these states or attributes. */
export function needs({ holds }: Bench, ...facts: readonly (JobState | Attribute)[]): void {
  const held = new Set<string>([...holds.states, ...holds.attributes]);
  const missing = facts.filter((fact) => !held.has(fact));
  if (missing.length > 0) throw new NotHere(`the backend holds no ${missing.join(', ')}`);
}
