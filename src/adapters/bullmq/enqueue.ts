import type { Enqueued, Enqueues, NewJob } from '../../domain/enqueue.ts';
import { refusal } from './answers.ts';
import { STEP_JOBS, steps } from './bounds.ts';
import { type Desk, type Place, writable } from './desk.ts';
import { newMark } from './marks.ts';
import { type Argument, scripts } from './script.ts';
import { step } from './step.ts';

const HIGHEST_PRIORITY = 2 ** 21 - 1;

/** By a script of ours: the library's would put jobs where the other layout's workers lose them while the queue is paused. */
export const enqueues = (desk: Desk): Enqueues => ({
  ignores: new Set(['lane', 'tenant']),
  refuses: faultOf,
  batch: STEP_JOBS,
  async enqueue(queue, jobs) {
    const place = await writable(desk, queue);
    const faults = jobs.map(faultOf);
    const good = jobs.filter((_, index) => faults[index] === undefined);
    const added: Enqueued[] = [];
    for (const part of steps(good, ({ payload }) => payload.length)) added.push(...(await add(desk, place, part)));
    return faults.map((why) => (why === undefined ? (added.shift() as Enqueued) : { result: 'failed', why }));
  },
});

function faultOf({ payload, priority = 0, delaySeconds = 0 }: NewJob): string | undefined {
  if (!Number.isInteger(priority) || priority < 0 || priority > HIGHEST_PRIORITY)
    return `a priority of BullMQ is a whole number from 0, which runs first, to ${HIGHEST_PRIORITY}`;
  if (!(delaySeconds >= 0)) return 'a delay cannot be negative';
  try {
    JSON.parse(payload);
    return undefined;
  } catch {
    return 'a payload of BullMQ is JSON: its workers parse it before they see the job';
  }
}

async function add(desk: Desk, place: Place, jobs: readonly NewJob[]): Promise<Enqueued[]> {
  const { queue } = place.keys;
  try {
    const given = jobs.flatMap(argumentsOf);
    const told = await step(desk, place, { script: scripts.enqueue, mark: newMark('enqueue') }, [], given);
    return told.map((answer): Enqueued => {
      if (answer.startsWith('fault:')) return { result: 'failed', why: answer.slice('fault:'.length) };
      if (!answer.startsWith('twin:')) return { result: 'done', ref: { queue, id: answer } };
      const id = answer.slice('twin:'.length);
      return { result: 'duplicate', ref: { queue, id }, why: `job ${id} has that deduplication id and has not ended` };
    });
  } catch (error) {
    return jobs.map((): Enqueued => {
      try {
        return { result: 'failed', why: refusal(error, desk.connection.where) };
      } catch (lost) {
        return { result: 'unknown', why: lost instanceof Error ? lost.message : String(lost) };
      }
    });
  }
}

/** The options as the library writes them, under its short names. */
function argumentsOf({ type, payload, delaySeconds = 0, priority = 0, key, maxAttempts }: NewJob): Argument[] {
  const delay = Math.round(delaySeconds * 1000);
  const options = {
    attempts: maxAttempts ?? 0,
    ...(delay > 0 && { delay }),
    ...(priority > 0 && { priority }),
    ...(key !== undefined && { de: { id: key } }),
  };
  return [type, payload, JSON.stringify(options), String(priority), String(delay), key ?? ''];
}
