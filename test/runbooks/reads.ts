import { expect } from 'vitest';
import type { Ended } from '../e2e/jobctl.ts';

interface Stats {
  readonly queues: {
    queue: string;
    counts: Record<string, number>;
    rates: { windowSeconds: number; completed: number; died: number };
    by?: { key: string; rates: { meanSeconds?: number } }[];
  }[];
}

/** What `stats --json` says. */
export const statsOf = ({ stdout }: Ended): Stats['queues'] => (JSON.parse(stdout) as Stats).queues;

/** What the metrics of the old runbook count: `completed` is what ended in the last hour. */
export const metricsOf = (ended: Ended): object[] =>
  statsOf(ended).map(({ queue, counts: { waiting, active, dead }, rates: { completed } }) => ({
    queue,
    waiting,
    active,
    dead,
    completed,
  }));

/** The ids that a list shows are these, whatever their order. */
export const idsShown = ({ stdout }: Ended, pattern: RegExp, ids: readonly string[]): void =>
  expect([...stdout.matchAll(pattern)].map(([id]) => id).toSorted()).toEqual([...ids].toSorted());
