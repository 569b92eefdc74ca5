import type { BackendInfo } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { shellWord } from '../safety/shell-word.ts';

/** The predicate that may find what was meant all the same. */
const predicates = {
  tenant: (name: string): string => `payload.tenantId == ${JSON.stringify(name)}`,
  lane: (name: string): string => `payload.lane == ${JSON.stringify(name)}`,
} as const;

/** A flag that no job of this backend can meet is a slip: "nothing found" would read as if there were none. */
export function refuseUntold(
  { name, untold }: BackendInfo,
  flags: { readonly tenant?: string | undefined; readonly lane?: string | undefined },
): void {
  for (const flag of ['tenant', 'lane'] as const) {
    const wanted = flags[flag];
    const lack = untold?.[flag];
    if (wanted === undefined || lack === undefined) continue;
    throw new JobctlError('usage', `${name} keeps no ${flag} of a job: --${flag} would never find one.`, {
      next: [
        `--where ${shellWord(predicates[flag](wanted))}   # by the field of your payloads that holds it`,
        ...(lack.instead === undefined ? [] : [lack.instead]),
      ],
    });
  }
}
