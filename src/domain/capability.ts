import { JobctlError } from './errors.ts';

/** One ability of a backend. Its operations exist only where the backend can honour them. */
export type Capability<Ops> =
  | { readonly level: 'native'; readonly ops: Ops }
  | { readonly level: 'emulated'; readonly caveat: string; readonly ops: Ops }
  | {
      readonly level: 'none';
      readonly why: string;
      readonly instead?: string;
      /** The backend could, the context forbids it: exit code 4 instead of 5. */
      readonly refused?: true;
    };

/** The one door from "maybe" to "may". Throws `unsupported`, or `refused` where the context forbids it. */
export function requireOps<Ops>(where: string, verb: string, capability: Capability<Ops>): Ops {
  if (capability.level !== 'none') return capability.ops;
  throw new JobctlError(capability.refused ? 'refused' : 'unsupported', `${where} cannot ${verb}: ${capability.why}`, {
    next: capability.instead === undefined ? [] : [capability.instead],
  });
}
