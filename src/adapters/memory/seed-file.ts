import { readFile } from 'node:fs/promises';
import { JobctlError } from '../../domain/errors.ts';
import { type Instant, toMicros } from '../../domain/instant.ts';
import { jobStates } from '../../domain/job.ts';
import { type MemoryAdapter, memoryAdapter } from './index.ts';
import type { MemorySchedule, MemorySeed } from './memory-job.ts';

const known: Record<keyof MemorySeed, 'string' | 'number' | 'boolean' | 'object'> = {
  queue: 'string',
  id: 'string',
  type: 'string',
  state: 'string',
  retrying: 'boolean',
  attempts: 'number',
  maxAttempts: 'number',
  payload: 'string',
  error: 'object',
  since: 'string',
  createdAt: 'string',
  priority: 'number',
  lane: 'string',
  tenant: 'string',
  key: 'string',
  worker: 'string',
  leaseUntil: 'string',
  cancelAsked: 'boolean',
};

export interface SeedFile {
  readonly jobs: readonly MemorySeed[];
  /** Each on a line `{"schedule":{"id":"…","queue":"…","when":"…"}}`. */
  readonly schedules: readonly MemorySchedule[];
  /** A line `{"clock":"…"}` stops the backend's clock there, so that ages are the same on every run. */
  readonly clock?: Instant | undefined;
}

/** NDJSON: a job a line. A payload that is not a string is stored as its JSON text. */
export function parseSeedFile(text: string, path: string): SeedFile {
  const jobs: MemorySeed[] = [];
  const schedules: MemorySchedule[] = [];
  let clock: Instant | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      const value = JSON.parse(line) as Record<string, unknown>;
      if (typeof value['clock'] === 'string') {
        toMicros(value['clock']);
        clock = value['clock'];
      } else if (value['schedule'] !== undefined) schedules.push(scheduleOf(value['schedule']));
      else jobs.push(seedOf(value));
    } catch (cause) {
      throw new JobctlError('usage', `${path}:${index + 1}: ${(cause as Error).message}`, { cause });
    }
  }
  return { jobs, schedules, clock };
}

function scheduleOf(value: unknown): MemorySchedule {
  const one = value as Partial<MemorySchedule> | null;
  for (const name of ['id', 'queue', 'when'] as const)
    if (typeof one?.[name] !== 'string') throw new TypeError(`a schedule needs a ${name}`);
  if (one?.nextAt !== undefined) toMicros(one.nextAt);
  return one as MemorySchedule;
}

function seedOf(line: Record<string, unknown>): MemorySeed {
  const payload = line['payload'];
  const value =
    payload === undefined || typeof payload === 'string' ? line : { ...line, payload: JSON.stringify(payload) };
  for (const [name, field] of Object.entries(value)) {
    const wanted = known[name as keyof MemorySeed];
    if (wanted === undefined) throw new TypeError(`unknown field ${name}`);
    if (typeof field !== wanted) throw new TypeError(`${name} must be a ${wanted}`);
    if (wanted === 'string' && /^(since|createdAt|leaseUntil)$/.test(name)) toMicros(field as string);
  }
  if (value['queue'] === undefined) throw new TypeError('a job needs a queue');
  const state = value['state'];
  if (state !== undefined && !jobStates.some((one) => one === state)) throw new TypeError(`unknown state ${state}`);
  return value as unknown as MemorySeed;
}

/** `memory:` is empty, `memory:PATH` starts with the jobs of that file. */
export async function openMemory(url: string): Promise<MemoryAdapter> {
  const path = url.slice('memory:'.length);
  if (path === '') return memoryAdapter();
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new JobctlError('unreachable', `Cannot read the seed file ${path}: ${cause.message}`, { cause });
  });
  const { jobs, schedules, clock } = parseSeedFile(text, path);
  return memoryAdapter({ jobs, schedules, clock: clock === undefined ? undefined : () => clock });
}
