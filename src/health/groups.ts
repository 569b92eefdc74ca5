import type { Instant } from '../domain/instant.ts';
import type { Job } from '../domain/job.ts';
import { signature } from './signature.ts';

export type GroupKey = 'error' | 'type' | 'tenant' | 'lane';

export interface Group {
  readonly group: string;
  readonly signature: string;
  readonly count: number;
  /** The first twenty. */
  readonly types: readonly string[];
  /** When the first and the last of them came into their state, where the backend tells. */
  readonly firstSeen?: Instant | undefined;
  readonly lastSeen?: Instant | undefined;
  readonly sampleIds: readonly string[];
}

export interface Groups {
  readonly scanned: number;
  /** The largest first. */
  readonly groups: readonly Group[];
  /** Jobs of further groups, beyond the cap. */
  readonly others: number;
}

export interface Grouper {
  add(job: Job): void;
  result(): Groups;
}

interface Growing {
  readonly text: string;
  readonly types: Set<string>;
  readonly sampleIds: string[];
  count: number;
  first: Instant | undefined;
  last: Instant | undefined;
}

/** The group of those that have none: no flag selects it. */
export const NO_VALUE = '(none)';

const maxGroups = 10_000;
const maxTypes = 20;
const maxSamples = 5;

/** Counts jobs by what they have in common, in memory that does not grow with the number of jobs. */
export function grouper(by: GroupKey, cap = maxGroups): Grouper {
  const groups = new Map<string, Growing>();
  let scanned = 0;
  let others = 0;
  return {
    add(job) {
      scanned++;
      const { group, text } = keyOf(job, by);
      let growing = groups.get(group);
      if (growing === undefined) {
        if (groups.size >= cap) {
          others++;
          return;
        }
        growing = { text, types: new Set(), sampleIds: [], count: 0, first: job.since, last: job.since };
        groups.set(group, growing);
      }
      include(growing, job);
    },
    result: () => ({
      scanned,
      others,
      groups: [...groups]
        .map(([group, growing]) => finished(group, growing))
        .sort((a, b) => b.count - a.count || (a.group < b.group ? -1 : 1)),
    }),
  };
}

function keyOf(job: Job, by: GroupKey): { readonly group: string; readonly text: string } {
  if (by === 'error') return signature(job);
  const value = job[by];
  return value === undefined ? { group: NO_VALUE, text: `no ${by}` } : { group: value, text: `${by} ${value}` };
}

function include(growing: Growing, job: Job): void {
  growing.count++;
  if (growing.types.size < maxTypes) growing.types.add(job.type);
  if (growing.sampleIds.length < maxSamples) growing.sampleIds.push(job.id);
  if (job.since === undefined) return;
  if (growing.first === undefined || job.since < growing.first) growing.first = job.since;
  if (growing.last === undefined || job.since > growing.last) growing.last = job.since;
}

const finished = (group: string, { text, types, sampleIds, count, first, last }: Growing): Group => ({
  group,
  signature: text,
  count,
  types: [...types],
  ...(first === undefined ? {} : { firstSeen: first }),
  ...(last === undefined ? {} : { lastSeen: last }),
  sampleIds,
});
