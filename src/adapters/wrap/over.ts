import type { Capability } from '../../domain/capability.ts';

/** The same capability with other operations; what the backend cannot do stays so. */
export const over = <Ops>(capability: Capability<Ops>, wrap: (ops: Ops) => Ops): Capability<Ops> =>
  capability.level === 'none' ? capability : { ...capability, ops: wrap(capability.ops) };
