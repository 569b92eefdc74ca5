import { asText, literal, moment } from './column-sql.ts';
import type { Layout } from './layout.ts';

const shownTime = (expression: string): string =>
  `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'`;

/** Whether anything can prove that a worker is gone: age alone never does. */
export const canProve = ({ heartbeats, job }: Layout): boolean =>
  heartbeats !== undefined && job.startedAt !== undefined;

/**
 * Running for longer than a job of its queue may, and its worker silent for too long. Where the row does not name its
 * worker, only the silence of all of them proves anything.
 */
export function activeProof(layout: Layout, alias: string, isActive: string): string {
  const { heartbeats, job, queueName } = layout;
  if (heartbeats === undefined || job.startedAt === undefined) return 'NULL::text';
  const beats = `SELECT max(${moment('w', heartbeats.seenAt)}) FROM ${heartbeats.table.sql} w`;
  const seen = asText('w', heartbeats.worker);
  const stale = `now() - interval '${heartbeats.staleAfter} s'`;
  const started = moment(alias, job.startedAt);
  const queue = job.queue === undefined ? undefined : asText(alias, job.queue);
  const old = `${started} < now() - ${allowance(layout.stuckAfter, queue, queueName)}`;
  const running = `'running since ' || ${shownTime(started)}`;
  const worker = job.workerId === undefined ? undefined : asText(alias, job.workerId);
  // where the names may be of two kinds, or nobody has ever beaten, that a name is not there tells nothing
  const absent = heartbeats.certain
    ? `WHEN (${beats}) IS NOT NULL AND (${beats} WHERE ${seen} = ${worker}) IS NULL THEN ${running} || ', worker ' || ${worker} || ' has no heartbeat'`
    : '';
  const named =
    worker === undefined
      ? ''
      : `WHEN ${worker} IS NOT NULL THEN CASE
           ${absent}
           WHEN (${beats} WHERE ${seen} = ${worker}) < ${stale} THEN ${running} || ', worker ' || ${worker} || ' last seen ' || ${shownTime(`(${beats} WHERE ${seen} = ${worker})`)}
         END`;
  return `CASE WHEN NOT coalesce((${isActive}) AND ${old}, false) THEN NULL ${named}
      WHEN (${beats}) < ${stale} THEN ${running} || ', no worker seen since ' || ${shownTime(`(${beats})`)}
    END`;
}

function allowance(stuckAfter: Layout['stuckAfter'], queue: string | undefined, queueName: string): string {
  const interval = (seconds: number | undefined): string => `interval '${seconds ?? stuckAfter['default']} s'`;
  if (queue === undefined) return interval(stuckAfter[queueName]);
  const exceptions = Object.entries(stuckAfter).filter(([name]) => name !== 'default');
  if (exceptions.length === 0) return interval(undefined);
  const cases = exceptions.map(([name, seconds]) => `WHEN ${literal(name)} THEN ${interval(seconds)}`);
  return `CASE ${queue} ${cases.join(' ')} ELSE ${interval(undefined)} END`;
}
