import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { QUEUE } from '../media/incident.ts';
import { type Part, replayOnly, takeBack } from './part.ts';
import type { Row, Rows } from './rows.ts';
import { stats } from './step.ts';

const MENDED = 'StoreUnavailable';

export const mediaPart: Part = {
  name: 'bullmq',
  steps: [
    stats('Another team runs BullMQ, on a Redis. The same words, the same columns.'),
    replayOnly(
      'Their picture store is back: replay what died of it, and nothing else.',
      [QUEUE, '--error', MENDED],
      ({ error }) => error?.startsWith(MENDED) === true,
    ),
    takeBack('Take it back. Each job is as it was, errors and attempts too.'),
  ],
  rows: readRows,
};

/** Where BullMQ keeps the ids of the jobs in each state. */
const places = [
  ['wait', 'todo', 'list'],
  ['delayed', 'todo', 'set'],
  ['active', 'doing', 'list'],
  ['completed', 'succeeded', 'set'],
  ['failed', 'failed', 'set'],
] as const;

async function readRows(url: string): Promise<Rows> {
  const redis = new Redis(url, { lazyConnect: true });
  try {
    await redis.connect();
    const rows: Row[] = [];
    for (const [place, status, kind] of places) {
      const key = `bull:${QUEUE}:${place}`;
      const ids = await (kind === 'list' ? redis.lrange(key, 0, -1) : redis.zrange(key, '0', '-1'));
      for (const id of ids) rows.push(rowOf(id, place, status, await redis.hgetall(`bull:${QUEUE}:${id}`)));
    }
    return new Map(rows.map((row) => [row.id, row]));
  } finally {
    redis.disconnect();
  }
}

function rowOf(id: string, place: string, status: string, hash: Record<string, string>): Row {
  const fields = Object.entries(hash).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([place, fields]);
  return {
    id,
    queue: QUEUE,
    type: hash['name'] ?? '',
    status,
    queueingLock: null,
    attempts: Number(hash['atm'] ?? 0),
    error: hash['failedReason'],
    all: createHash('sha256').update(text).digest('hex'),
  };
}
