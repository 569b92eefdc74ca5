import { hash } from 'node:crypto';
import { steps } from './bounds.ts';
import type { Desk, Place } from './desk.ts';
import { type Found, textOf } from './job.ts';
import { KEPT_MS } from './marks.ts';
import { scriptKeys } from './own-keys.ts';
import { type Argument, run, type Script } from './script.ts';
import { type Candidate, sizeOf } from './snapshot.ts';

export interface Step {
  readonly script: Script;
  readonly mark: string;
  readonly option?: string;
  /** How long what the script leaves behind is kept. */
  readonly ttlMs?: number;
}

/** One script; what it says of each job, in their order. `more`: the keys behind those of the queue, one for each job. */
export async function step(
  desk: Desk,
  { keys, layout }: Place,
  { script, mark, option = '', ttlMs = KEPT_MS }: Step,
  more: readonly string[],
  given: readonly Argument[],
): Promise<string[]> {
  const token = desk.locks.token(keys.queue);
  const names = [...scriptKeys(desk.prefix, keys, mark), ...more];
  const fixed = [keys.base, token, String(ttlMs), layout, option];
  const [head, ...told] = ((await run(desk.connection, script, names, [...fixed, ...given])) as unknown[]).map(String);
  if (head === 'lost') throw desk.locks.lose(keys.queue);
  return told;
}

export interface Item {
  readonly id: string;
  readonly given: readonly Argument[];
  /** What a step looks at of it beyond what is given. */
  readonly bytes?: number;
}

const weightOf = ({ given, bytes = 0 }: Item): number => given.reduce((sum, one) => sum + one.length, bytes);

/** So many steps are on their way at once: Redis works on one while the next is made. Between two of them it serves others. */
const ON_THE_WAY = 3;

/**
 * As many steps as it takes, each a short one, begun in their order. What a step could not get to is given to a further one,
 * behind those that are on their way. An item is made when it is its turn, while Redis works on those before. `told` is filled
 * as the answers come, so that those of the others are known when one fails.
 */
export async function inSteps(
  desk: Desk,
  place: Place,
  how: Step,
  items: Iterable<Item>,
  told: Map<string, string>,
  keysFor: (ids: readonly string[]) => readonly string[] = (ids) => ids.map((id) => place.keys.job(id)),
): Promise<void> {
  const whole = async (part: readonly Item[]): Promise<void> => {
    for (let left = part; left.length > 0; ) {
      const answers = await step(
        desk,
        place,
        how,
        keysFor(left.map(({ id }) => id)),
        left.flatMap(({ given }) => given),
      );
      for (const [index, answer] of answers.entries()) told.set(left[index]?.id ?? '', answer);
      left = left.filter((_, index) => answers[index] === 'later');
    }
  };
  const failed: unknown[] = [];
  const going: Promise<void>[] = [];
  for (const part of steps(items, weightOf)) {
    if (going.length === ON_THE_WAY) await going.shift();
    if (failed.length > 0) break;
    going.push(whole(part).catch((error: unknown) => void failed.push(error)));
  }
  await Promise.all(going);
  if (failed.length > 0) throw failed[0];
}

/** A text is sent in one piece with the rest of the command, bytes are not: so bytes only where they are no text. */
function argument({ fields }: Found, name: string): Argument {
  const text = textOf(fields, name) ?? '';
  return text.includes('\ufffd') ? (fields.get(name) ?? '') : text;
}

/** In one piece; as bytes where one of them is. */
const joined = (parts: readonly Argument[]): Argument =>
  parts.every((part) => typeof part === 'string')
    ? parts.join('')
    : Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));

const looks = (found: Found): Argument =>
  joined([
    argument(found, 'atm'),
    '|',
    argument(found, 'ats'),
    '|',
    argument(found, 'processedOn'),
    '|',
    argument(found, 'finishedOn'),
  ]);

const item = ({ found, state, score, extras }: Candidate, print: Argument): Argument[] => [
  found.id,
  String(state),
  score,
  Object.keys(extras.lists).length > 0 ? '1' : '0',
  print,
];

/** By which a script sees that the job is still the one that was read: see `changed` in shared.lua. */
export const fingerprint = (candidate: Candidate): Argument[] => item(candidate, looks(candidate.found));

export const alike = (candidate: Candidate): Item => ({ id: candidate.found.id, given: fingerprint(candidate) });

/** The same for what is taken away or overwritten: what was saved must be what is there. `more`: further arguments. */
export const identical = (candidate: Candidate, more: readonly Argument[] = []): Item => {
  const { found, extras } = candidate;
  const progress = argument(found, 'progress');
  const facts = `|${found.fields.size}|${extras.lists.logs?.length ?? 0}|${Buffer.byteLength(progress)}|`;
  const digest = hash('sha1', joined([looks(found), facts, progress, argument(found, 'data')]));
  return { id: found.id, given: [...item(candidate, digest), ...more], bytes: sizeOf(candidate) };
};
