import type { SchemaFinding } from '../../../domain/schema.ts';
import { quoted, quotedLiterals } from '../sql.ts';
import { costOf, isLarge, type TableFacts } from '../table-size.ts';
import type { Column, Table } from './catalog.ts';
import { begins, type Layout } from './layout.ts';

interface Wanted {
  readonly table: Table;
  /** The first columns of the index; several orders may do. */
  readonly columns: readonly (Column | undefined)[];
  readonly eitherOrder?: true;
  /** What is slow without it. */
  readonly without: string;
}

/** The indexes that the mapping's reads go by, and that are not there. On a small table nobody misses them. */
export function missingIndexes(layout: Layout, facts: ReadonlyMap<string, TableFacts>): SchemaFinding[] {
  return [...missing(layout, facts), ...unfinished(layout, facts)];
}

function missing(layout: Layout, facts: ReadonlyMap<string, TableFacts>): SchemaFinding[] {
  return wantedBy(layout).flatMap(({ table, columns, eitherOrder, without }): SchemaFinding[] => {
    const names = columns.flatMap((column) => (column === undefined ? [] : [column.name]));
    const size = facts.get(table.sql);
    if (names.length < columns.length || size === undefined) return [];
    const orders = eitherOrder === true ? [names, names.toReversed()] : [names];
    if (orders.some((order) => begins(table, order))) return [];
    return [
      {
        level: isLarge(size) ? 'warning' : 'hint',
        text: `No index of ${table.name} begins with ${names.join(', ')}: ${without}. ${costOf(size)}`,
        next: `CREATE INDEX CONCURRENTLY ON ${table.sql} (${names.map(quoted).join(', ')});`,
      },
    ];
  });
}

/** All that stats asks of the jobs that are not over, so that it need not look at their rows. */
function unfinished({ jobs, job, labels }: Layout, facts: ReadonlyMap<string, TableFacts>): SchemaFinding[] {
  const size = facts.get(jobs.sql);
  const names = (...columns: readonly (Column | undefined)[]): string[] => columns.flatMap((one) => one?.name ?? []);
  const keys = names(job.status, job.queue, job.id);
  const held = names(job.runAt, job.createdAt, job.startedAt, job.finishedAt);
  const serves = (columns: readonly string[]): boolean =>
    columns[0] === job.status.name && [...keys, ...held].every((name) => columns.includes(name));
  if (size === undefined || !isLarge(size) || jobs.partly.some(serves)) return [];
  const list = (columns: readonly string[]): string => columns.map(quoted).join(', ');
  const of = quotedLiterals([...labels.waiting, ...labels.active, ...labels.dead]);
  return [
    {
      level: 'hint',
      text: `No index of ${jobs.name} holds what stats asks of jobs that wait, run or are dead: it reads their rows. ${costOf(size)}`,
      next: `CREATE INDEX CONCURRENTLY ON ${jobs.sql} (${list(keys)})${held.length === 0 ? '' : ` INCLUDE (${list(held)})`} WHERE ${quoted(job.status.name)} IN ${of};`,
    },
  ];
}

function wantedBy({ jobs, job, letters, pageBy }: Layout): Wanted[] {
  const wanted: Wanted[] = [
    {
      table: jobs,
      columns: job.queue === undefined ? [job.status] : [job.status, job.queue],
      eitherOrder: true,
      without: 'stats reads the whole table',
    },
    { table: jobs, columns: [job.finishedAt], without: 'what ended lately is counted by reading the whole table' },
  ];
  if (pageBy === 'id')
    wanted.unshift({
      table: jobs,
      columns: [job.status, job.createdAt],
      without: 'lists are in the order of the ids, and a page of a rare state reads the whole table',
    });
  if (letters === undefined) return wanted;
  const { jobId, resolved, createdAt } = letters.columns;
  return [
    ...wanted,
    { table: letters.table, columns: [jobId], without: 'the dead letter of a job is found by reading all letters' },
    { table: letters.table, columns: [resolved, createdAt], without: 'dlq list reads all letters, also the resolved' },
  ];
}
