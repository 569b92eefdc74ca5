import { fromDate, type Instant } from '../../../domain/instant.ts';

/**
 * When a cron line is due next. The library reads it by cron-parser and so does BullMQ, whose door to it is used here. What
 * it does not read has no time that could be told: a recurrence rule (since schema 41), or a row without a zone.
 */
export async function timeAfter(cron: string, zone: string | null, nowMs: number): Promise<Instant | undefined> {
  if (zone === null || cron.trim() === '') return undefined;
  const { getNextMillis } = await import('bullmq');
  try {
    const ms = getNextMillis(nowMs, { pattern: cron, tz: zone }) as number | undefined;
    return ms === undefined ? undefined : fromDate(new Date(ms));
  } catch {
    return undefined;
  }
}
