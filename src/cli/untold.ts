import type { BackendInfo } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { type JobState, jobStates } from '../domain/job.ts';
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

/** By what no job tells all would fall into one group without a name, which reads like an answer. */
export function refuseUntoldGroups({ name, untold }: BackendInfo, by: string): void {
  const lack = by === 'tenant' || by === 'lane' ? untold?.[by] : undefined;
  if (lack === undefined) return;
  throw new JobctlError('usage', `${name} keeps no ${by} of a job: --by ${by} would put all of them into one group.`, {
    next: ['jobctl dlq groups --by error   # or by type', ...(lack.instead === undefined ? [] : [lack.instead])],
  });
}

/** What was asked, as far as it can be asked again in other words. */
export interface AskedStates {
  readonly states: readonly JobState[];
  /** The command with what it is about: `purge email`. */
  readonly command: string;
  /** Flags choose among the jobs: they must not get lost in the advice. */
  readonly narrowed: boolean;
  /** What can be asked for: a write leaves active jobs to their workers. */
  readonly of?: readonly JobState[];
}

/** The same for states: of those alone nothing is ever found, and a purge that ended well would read as one of nothing. */
export function refuseUntoldStates(
  { name, untold }: BackendInfo,
  { states, command, narrowed, of = jobStates }: AskedStates,
): void {
  const lacks = states.map((state) => untold?.states?.[state]);
  const [lack] = lacks;
  if (lack === undefined || lacks.includes(undefined)) return;
  const why = states.length === 1 ? `: ${lack.why}` : '';
  const [first, ...others] = of.filter((state) => untold?.states?.[state] === undefined);
  const again = narrowed ? 'The same with' : `jobctl ${command}`;
  const either = others.length === 0 ? '' : `, or ${others.join(', ')}`;
  throw new JobctlError('usage', `${name} shows no ${states.join(' or ')} jobs${why}.`, {
    next: [
      ...(first === undefined ? [] : [`${again} --state ${first}   # these it shows${either}`]),
      ...(lack.instead === undefined ? [] : [lack.instead]),
    ],
  });
}
