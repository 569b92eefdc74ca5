import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Job, JobState } from '../domain/job.ts';
import { matcher, type Selection } from '../domain/selection.ts';

/** What is wrong with a payload, a line each with its path; undefined where its type has no schema. */
export type PayloadCheck = (job: Pick<Job, 'type' | 'payload'>) => readonly string[] | undefined;

export interface TypeTally {
  readonly type: string;
  readonly jobs: number;
  /** False: it has no schema, so nothing is known of its payloads. */
  readonly checked: boolean;
  readonly invalid: number;
}

/** Types that are counted one by one; a queue whose types are made up has no more to tell. */
const MOST_TYPES = 1000;

/** Looks at one job after the other; only counts stay. */
export class PayloadTally {
  readonly #check: PayloadCheck;
  readonly #types = new Map<string, { jobs: number; checked: boolean; invalid: number }>();

  constructor(check: PayloadCheck) {
    this.#check = check;
  }

  /** The faults of this one. */
  add(job: Job): readonly string[] {
    const faults = this.#check(job);
    const name = this.#types.has(job.type) || this.#types.size < MOST_TYPES ? job.type : '…';
    const type = this.#types.get(name) ?? { jobs: 0, checked: false, invalid: 0 };
    type.jobs += 1;
    type.checked ||= faults !== undefined;
    if (faults !== undefined && faults.length > 0) type.invalid += 1;
    this.#types.set(name, type);
    return faults ?? [];
  }

  /** By name. */
  get types(): TypeTally[] {
    return [...this.#types].map(([type, rest]) => ({ type, ...rest })).sort((a, b) => (a.type < b.type ? -1 : 1));
  }
}

/** What a plan says of jobs that are left out for their payload. Refuses where no schema tells anything about any of them. */
export function validOnlyWarnings({ types }: PayloadTally): string[] {
  const unchecked = types.filter(({ checked }) => !checked).map(({ type }) => type);
  if (types.length > 0 && unchecked.length === types.length) {
    throw new JobctlError('refused', `No type of these jobs has a payload schema: ${unchecked.join(', ')}.`, {
      next: [`Give it one in the configuration: jobTypes.${unchecked[0]}.payload`, 'Replay without --valid-only.'],
    });
  }
  const invalid = types.reduce((sum, one) => sum + one.invalid, 0);
  return [
    ...(invalid > 0
      ? [
          invalid === 1
            ? 'The payload of 1 job does not fit the schema of its type: left as it is.'
            : `The payloads of ${invalid} jobs do not fit the schemas of their types: left as they are.`,
        ]
      : []),
    ...(unchecked.length > 0 ? [`Without a schema, so not checked: ${unchecked.join(', ')}.`] : []),
  ];
}

export interface PayloadFinding {
  readonly queue: string;
  readonly id: string;
  readonly type: string;
  readonly state: JobState;
  readonly faults: readonly string[];
}

export interface PayloadAudit {
  readonly scanned: number;
  /** False when --max-scan ended it. */
  readonly complete: boolean;
  readonly types: readonly TypeTally[];
  /** The first of them. */
  readonly findings: readonly PayloadFinding[];
  readonly invalid: number;
}

const PAGE = 500;

/** Streams the jobs, oldest first, and keeps the first findings. */
export async function auditPayloads(
  reader: QueueReader,
  selection: Selection,
  check: PayloadCheck,
  { limit, maxScan }: { readonly limit: number; readonly maxScan: number },
): Promise<PayloadAudit> {
  const fits = matcher(selection);
  const tally = new PayloadTally(check);
  const findings: PayloadFinding[] = [];
  let scanned = 0;
  let complete = true;
  scan: for await (const page of reader.browse(selection, { size: Math.min(PAGE, maxScan), order: 'oldest' })) {
    for (const job of page) {
      if (!fits(job)) continue;
      if (scanned === maxScan) {
        complete = false;
        break scan;
      }
      scanned += 1;
      const faults = tally.add(job);
      const { queue, id, type, state } = job;
      if (faults.length > 0 && findings.length < limit) findings.push({ queue, id, type, state, faults });
    }
  }
  const { types } = tally;
  return { scanned, complete, types, findings, invalid: types.reduce((sum, one) => sum + one.invalid, 0) };
}
