import { randomBytes } from 'node:crypto';
import { fromDate, type Instant } from '../domain/instant.ts';
import type { Verb } from '../domain/plan.ts';

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';
const slugChars = 20;
const pattern = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-[a-z]+(?:-[a-z0-9]+)*-[a-z2-7]{4}$/;

/** `20261124-034109-replay-email-k3fq`: sorts by time, says what it was, and is safe as a file name. */
export function makeRunId(verb: Verb, queues: readonly string[], startedAt: Date): string {
  const time = startedAt.toISOString().replace(/[-:]/g, '').slice(0, 15).replace('T', '-');
  const slug = queues
    .join('-')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, slugChars)
    .replace(/-+$/, '');
  const tail = Array.from(randomBytes(4), (byte) => base32[byte % base32.length]).join('');
  return [time, verb, slug, tail].filter((part) => part !== '').join('-');
}

/** Also the guard against an id that would leave the folder of the runs. */
export const isRunId = (text: string): boolean => !Number.isNaN(dateOf(text).getTime());

/** When the run began, to the second. */
export const startOf = (id: string): Instant => fromDate(dateOf(id));

function dateOf(id: string): Date {
  const [, year, month, day, hour, minute, second] = pattern.exec(id) ?? [];
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
