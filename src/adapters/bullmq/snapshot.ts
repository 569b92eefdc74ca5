import { isUtf8 } from 'node:buffer';
import type { SavedJob, Snapshot } from '../../domain/claim.ts';
import type { Job } from '../../domain/job.ts';
import { type Fields, type Found, jobOf } from './job.ts';
import { PackedFields } from './packed-texts.ts';
import { type Native, stateSets } from './sets.ts';

/** A text as it is, and bytes that are no text in base64. */
export type Text = string | { readonly b64: string };

/** What hangs on a job besides its hash. Names and values in turn where it is a hash or a sorted set. */
export const extraLists = ['logs', 'dependencies', 'processed', 'failed', 'unsuccessful'] as const;
export type ExtraList = (typeof extraLists)[number];

export interface Extras {
  readonly lists: Readonly<Partial<Record<ExtraList, readonly Buffer[]>>>;
  /** Who has the job's deduplication id, and how much longer: milliseconds, or below 0 for no end. */
  readonly owner?: string | undefined;
  readonly window?: number | undefined;
  /** What the parent has noted of its failure: the time, where the parent failed with it; the reason, where it went on. */
  readonly failedFor?: string | undefined;
  readonly ignoredBy?: string | undefined;
}

/** Of most jobs there is nothing else. */
export const noExtras: Extras = { lists: {} };

/** A job as it was read in one instant. */
export interface Candidate {
  readonly found: Found;
  /** Place of its state in `stateSets`, from 1; 0 when it stands nowhere. */
  readonly state: number;
  /** As Redis writes it; empty in a list. */
  readonly score: string;
  readonly extras: Extras;
}

interface BullSnapshot {
  readonly native: Native | 'none';
  readonly score?: string;
  /** Names are written in Latin-1, as everywhere in this adapter. */
  readonly fields: Readonly<Record<string, Text>>;
  /** The field `data` is the payload of the job, which is most of its bytes and is not written twice. */
  readonly data?: 'payload';
  readonly lists?: Readonly<Partial<Record<ExtraList, readonly Text[]>>>;
  readonly owns?: number;
  readonly failedFor?: string;
  readonly ignoredBy?: Text;
}

const textOf = (bytes: Buffer): Text => (isUtf8(bytes) ? bytes.toString('utf8') : { b64: bytes.toString('base64') });
/** Only bytes that are no text leave this sign behind; where it stands the bytes themselves must tell. */
function fieldOf(fields: Fields, name: string): Text {
  const text = fields instanceof PackedFields ? fields.text(name) : undefined;
  return text === undefined || text.includes('\ufffd') ? textOf(fields.get(name) as Buffer) : text;
}

const bytesOf = (text: Text): Buffer =>
  typeof text === 'string' ? Buffer.from(text, 'utf8') : Buffer.from(text.b64, 'base64');

/** A hash as JSON, byte for byte. */
export function packed(fields: Fields, without?: string): Record<string, Text> {
  const texts: Record<string, Text> = {};
  for (const name of fields.keys()) {
    if (name === without) continue;
    const value = fieldOf(fields, name);
    if (name === '__proto__') Object.defineProperty(texts, name, { value, enumerable: true });
    else texts[name] = value;
  }
  return texts;
}

export const unpacked = (texts: Readonly<Record<string, Text>>): Fields =>
  new Map(Object.entries(texts).map(([name, value]) => [name, bytesOf(value)]));

/** Made once, however often it is looked at. */
export function jobFrom(candidate: Candidate & { job?: Job }): Job {
  candidate.job ??= jobOf(candidate.found);
  return candidate.job;
}

/** Its snapshot is made each time it is asked for: it is written once, and a whole claim of them is not kept beside the jobs. */
class ReadJob implements SavedJob {
  readonly job: Job;
  readonly #candidate: Candidate;

  constructor(candidate: Candidate) {
    this.job = jobFrom(candidate);
    this.#candidate = candidate;
  }

  get snapshot(): Snapshot {
    return snapshotOf(this.#candidate) as unknown as Snapshot;
  }

  /** What a backup keeps. */
  toJSON(): SavedJob {
    const { job } = this;
    return { job, snapshot: snapshotOf(this.#candidate, job.payload) as unknown as Snapshot };
  }
}

export const savedOf = (candidate: Candidate): SavedJob => new ReadJob(candidate);

/** With the payload that stands beside it. */
function snapshotOf({ found, score, extras }: Candidate, payload?: string): BullSnapshot {
  const native = found.native ?? 'none';
  const isPayload = payload !== undefined && found.fields.has('data') && fieldOf(found.fields, 'data') === payload;
  const data = isPayload ? { data: 'payload' as const } : {};
  const fields = packed(found.fields, isPayload ? 'data' : undefined);
  if (extras === noExtras) return score === '' ? { native, fields, ...data } : { native, score, fields, ...data };
  const lists = Object.entries(extras.lists).map(([name, items]) => [name, items.map(textOf)]);
  return {
    native,
    ...(score !== '' && { score }),
    fields,
    ...data,
    ...(lists.length > 0 && { lists: Object.fromEntries(lists) }),
    ...(extras.owner === found.id && { owns: extras.window ?? -1 }),
    ...(extras.failedFor !== undefined && { failedFor: extras.failedFor }),
    ...(extras.ignoredBy !== undefined && { ignoredBy: extras.ignoredBy }),
  };
}

/** The counterpart of `savedOf`: the job as it was then. */
export function candidateOf({ job, snapshot }: SavedJob): Candidate {
  const { native, score = '', lists = {}, owns, failedFor, ignoredBy, ...rest } = snapshot as unknown as BullSnapshot;
  const fields = rest.data === 'payload' ? { ...rest.fields, data: job.payload } : rest.fields;
  return {
    found: {
      queue: job.queue,
      id: job.id,
      native: native === 'none' ? undefined : native,
      ...(score !== '' && { score: Number(score) }),
      fields: unpacked(fields),
    },
    state: stateSets.findIndex((set) => set.native === native) + 1,
    score,
    extras: {
      lists: Object.fromEntries(Object.entries(lists).map(([name, items]) => [name, items.map(bytesOf)])),
      ...(owns !== undefined && { owner: job.id, window: owns }),
      ...(failedFor !== undefined && { failedFor }),
      ...(ignoredBy !== undefined && { ignoredBy: bytesOf(ignoredBy).toString('utf8') }),
    },
  };
}

const lengthOf = (fields: Fields, name: string): number =>
  fields instanceof PackedFields ? fields.length(name) : (fields.get(name)?.length ?? 0);

/** Bytes that it takes to send the job. */
export function sizeOf({ found, extras }: Candidate): number {
  let size = 0;
  for (const name of found.fields.keys()) size += lengthOf(found.fields, name);
  for (const items of Object.values(extras.lists)) for (const item of items) size += item.length;
  return size;
}
