import { JobctlError } from '../../domain/errors.ts';
import type { Schedule, Schedules } from '../../domain/schedule.ts';
import { refusal } from './answers.ts';
import { type Desk, type Place, writable } from './desk.ts';
import type { Fields } from './job.ts';
import { newMark } from './marks.ts';
import { nextRunOf, type SavedScheduler, templateOf } from './saved-scheduler.ts';
import { liveScheduler, partsOf, pausedScheduler } from './scheduler-read.ts';
import { schedules } from './schedules.ts';
import { type Argument, scripts } from './script.ts';
import { step } from './step.ts';

/** As often as the library looks for a time at which no run of before is left. */
const SLOTS = 32;

interface Kept extends SavedScheduler {
  /** It was paused when it was saved. */
  readonly paused?: true;
}

export const schedulerWrites = (desk: Desk): Schedules => ({
  async pause(id, queue) {
    const place = await writable(desk, queue);
    const found = await liveScheduler(desk.connection, place.keys, id);
    if (found !== undefined) await out(desk, place, 'pause', found);
    return await shown(desk, queue, id);
  },
  async resume(id, queue) {
    const place = await writable(desk, queue);
    const text = await pausedScheduler(desk.connection, desk.prefix, queue, id);
    if (text !== undefined) await putIn(desk, place, JSON.parse(text), text);
    return await shown(desk, queue, id);
  },
  async run(id, queue) {
    const place = await writable(desk, queue);
    const found = await saved(desk, place, id);
    if (found === undefined) throw gone(queue, id);
    const { scheduler, run } = partsOf(found);
    const { name, data, options } = templateOf(scheduler, run);
    const { delay: _, de: _once, ...now } = options;
    const priority = String(Number(options['priority'] ?? 0));
    const given = [name, data, JSON.stringify(now), priority, '0', ''];
    const answer = await ask(desk, place, { script: scripts.enqueue }, given);
    if (answer.startsWith(FAULT)) judge(answer, queue, id);
    return answer;
  },
  async save(id, queue) {
    const found = await saved(desk, await writable(desk, queue), id);
    return found as Readonly<Record<string, unknown>> | undefined;
  },
  async remove(id, queue, as) {
    const place = await writable(desk, queue);
    const found = (as as Kept | undefined) ?? (await saved(desk, place, id));
    if (found === undefined) throw gone(queue, id);
    const { paused, ...rest } = found;
    await out(desk, place, paused === true ? 'forget' : 'remove', rest);
  },
  async put(one, queue) {
    const { paused, ...rest } = one as unknown as Kept;
    const place = await writable(desk, queue);
    if (paused !== true) return await putIn(desk, place, rest);
    judge(
      await ask(desk, place, { script: scripts.schedulerIn, option: 'keep' }, [rest.id, '0', keep(rest), '']),
      queue,
      rest.id,
    );
  },
});

/** A call for it failed, and what was begun was taken back. */
const FAULT = 'fault:';

const keep = (saved: SavedScheduler): string => JSON.stringify(saved);

async function saved({ connection, prefix }: Desk, { keys }: Place, id: string): Promise<Kept | undefined> {
  const live = await liveScheduler(connection, keys, id);
  if (live !== undefined) return live;
  const text = await pausedScheduler(connection, prefix, keys.queue, id);
  return text === undefined ? undefined : { ...(JSON.parse(text) as SavedScheduler), paused: true };
}

async function out(desk: Desk, place: Place, option: 'pause' | 'remove' | 'forget', found: SavedScheduler) {
  const { scheduler, run } = partsOf(found);
  const due = found.next?.due ?? '';
  const given = [
    found.id,
    found.score,
    keep(found),
    due,
    ...flat(scheduler),
    ...(due === '' || run === undefined ? [] : flat(run)),
  ];
  judge(await ask(desk, place, { script: scripts.schedulerOut, option }, given), place.keys.queue, found.id);
}

/** With its next run. Where one of before has that run's id, as a finished one may, it is the run after that. */
async function putIn(desk: Desk, place: Place, found: SavedScheduler, text?: string): Promise<void> {
  const parts = partsOf(found);
  const nowMs = desk.connection.server.clock + performance.now();
  let after: string | undefined;
  let answer = '';
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const next = await nextRunOf(parts, nowMs, after);
    const given = [found.id, next.ms, text ?? '', next.due, ...flat(parts.scheduler), ...flat(next.fields)];
    const how = { script: scripts.schedulerIn, option: text === undefined ? 'put' : 'resume' };
    answer = await ask(desk, place, how, given);
    if (answer !== 'busy') break;
    after = next.ms;
  }
  judge(answer, place.keys.queue, found.id);
}

const flat = (fields: Fields): Argument[] => [
  String(fields.size),
  ...[...fields].flatMap(([name, value]): Argument[] => [Buffer.from(name, 'latin1'), value]),
];

/** What the script says. A refusal of the server is one of ours: nothing was written. */
async function ask(
  desk: Desk,
  place: Place,
  how: Pick<Parameters<typeof step>[2], 'script' | 'option'>,
  given: readonly Argument[],
): Promise<string> {
  try {
    return (await step(desk, place, { ...how, mark: newMark('schedule') }, [], given))[0] ?? '';
  } catch (error) {
    if (error instanceof JobctlError && error.kind === 'locked') throw error;
    throw new JobctlError('refused', refusal(error, desk.connection.where), { cause: error });
  }
}

async function shown({ connection, prefix }: Desk, queue: string, id: string): Promise<Schedule> {
  const found = (await schedules(connection, prefix, [queue])).find((one) => one.id === id);
  if (found === undefined) throw gone(queue, id);
  return found;
}

const gone = (queue: string, id: string): JobctlError =>
  new JobctlError('stale', `The scheduler ${id} of ${queue} is not there any more.`, {
    next: [`jobctl schedule list ${queue}`],
  });

function judge(answer: string, queue: string, id: string): void {
  if (answer === 'done') return;
  if (answer === 'gone') throw gone(queue, id);
  const why: Readonly<Record<string, string>> = {
    moved: `The scheduler ${id} of ${queue} was changed while it was looked at: it has run, or its application was started.`,
    exists: `A scheduler ${id} is in ${queue} already: its application makes it when it starts.`,
    busy: `The next runs of the scheduler ${id} are all there as jobs already.`,
  };
  throw new JobctlError(
    answer === 'moved' ? 'stale' : 'refused',
    why[answer] ?? `Redis refused the scheduler ${id} of ${queue}: ${answer.replace(FAULT, '')}`,
    {
      next: [`jobctl schedule list ${queue}`],
    },
  );
}
