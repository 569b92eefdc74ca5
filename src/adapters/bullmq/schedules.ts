import type { Schedule } from '../../domain/schedule.ts';
import type { Command, Connection } from './connection.ts';
import { type Fields, fieldsOf, instantOf, numberOf, textOf } from './job.ts';
import { keysOf } from './keys.ts';
import { pausedSchedulers } from './own-keys.ts';
import type { SavedScheduler } from './saved-scheduler.ts';
import { unpacked } from './snapshot.ts';
import { scored } from './walk.ts';

const MOST = 1000;

/** Job schedulers of v5.16 and later, and the repeatable jobs of older versions, whose member says it all. */
export async function schedules(
  connection: Connection,
  prefix: string,
  queues: readonly string[],
): Promise<Schedule[]> {
  const all = queues.map((queue) => keysOf(prefix, queue));
  const members = await connection.many(all.map((keys): Command => ['ZRANGE', keys.repeat, 0, MOST - 1, 'WITHSCORES']));
  const entries = all.flatMap((keys, index) => scored(members[index]).map((entry) => ({ keys, ...entry })));
  const hashes = await connection.many(entries.map(({ keys, id }): Command => ['HGETALL', keys.scheduler(id)]));
  const live = entries.map(({ keys, id, score }, index): Schedule => {
    const fields = fieldsOf(hashes[index]);
    return {
      queue: keys.queue,
      nextAt: instantOf(score),
      ...scheduleOf(id, fields),
      ...(fields.has('ic') && { paused: false }),
    };
  });
  // whoever makes a scheduler anew ends its pause
  const known = new Set(live.map(({ queue, id }) => `${queue}:${id}`));
  const paused = (await pausedOnes(connection, prefix, queues)).filter(({ queue, id }) => !known.has(`${queue}:${id}`));
  return [...live, ...paused];
}

async function pausedOnes(connection: Connection, prefix: string, queues: readonly string[]): Promise<Schedule[]> {
  const kept = await connection.many(queues.map((queue): Command => ['HVALS', pausedSchedulers(prefix, queue)]));
  return queues.flatMap((queue, index) =>
    (kept[index] as readonly Buffer[]).map((text): Schedule => {
      const { id, fields } = JSON.parse(String(text)) as SavedScheduler;
      return { queue, ...scheduleOf(id, unpacked(fields)), paused: true };
    }),
  );
}

function scheduleOf(id: string, fields: Fields): Pick<Schedule, 'id' | 'type' | 'when'> {
  if (fields.size === 0) return legacy(id);
  const pattern = textOf(fields, 'pattern') ?? textOf(fields, 'cron');
  const every = numberOf(fields, 'every');
  const zone = textOf(fields, 'tz');
  const type = textOf(fields, 'name');
  return {
    id,
    ...(type !== undefined && type !== '' && { type }),
    when: pattern === undefined ? everyText(every) : `${pattern}${zone === undefined ? '' : ` (${zone})`}`,
  };
}

/** `name:id:endDate:tz:pattern or milliseconds`; a name may hold colons itself, so it is read from the right. */
function legacy(id: string): Pick<Schedule, 'id' | 'type' | 'when'> {
  const parts = id.split(':');
  if (parts.length < 5) return { id, when: 'unknown' };
  const [zone = '', rule = ''] = parts.slice(-2);
  const type = parts.slice(0, -4).join(':');
  return {
    id,
    ...(type !== '' && { type }),
    when: /^\d+$/.test(rule) ? everyText(Number(rule)) : `${rule}${zone === '' ? '' : ` (${zone})`}`,
  };
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

function everyText(ms: number | undefined): string {
  if (ms === undefined || ms <= 0) return 'unknown';
  const [unit, length] = units.find(([, length]) => ms % length === 0) ?? ['ms', 1];
  return `every ${ms / length}${unit}`;
}
