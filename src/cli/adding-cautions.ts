import type { Enqueues } from '../domain/enqueue.ts';
import { unfit } from '../operations/adding.ts';
import { plural } from '../output/count-text.ts';
import { ownType } from './job-types.ts';
import type { Session } from './session.ts';

/** What the types ask for and this backend does not keep. A flag that asks for it is refused. */
export const unkept = (types: ReadonlySet<string>, { ignores }: Enqueues, { context }: Session): string[] =>
  [...types]
    .filter((type) => ignores.has('maxAttempts') && ownType(context.jobTypes, type)?.maxAttempts !== undefined)
    .map((type) => `maxAttempts of the type ${type} means nothing to this backend: its worker decides.`);

/** Of a plan for later: what keeps its jobs from being added by two machines. */
export function onceOnly(keyless: number, queue: string, ops: Enqueues): string[] {
  if (keyless === 0) return [];
  const takesKeys = unfit(queue, { type: queue, payload: '{}', key: 'key' }, ops) === undefined;
  const remedy = takesKeys
    ? '--key, or a key of the type, keeps the second out as long as the backend knows it.'
    : 'This queue knows no keys: apply it once.';
  return [
    `${plural(keyless, 'job')} without an idempotency key: only the machine that applies this plan, and the mark that it leaves beside the file, know that it was applied. A copy of the file, applied elsewhere, adds them again. ${remedy}`,
  ];
}
