import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { steady } from '../e2e/answer.ts';
import { type Ended, type Home, makeHome } from '../e2e/jobctl.ts';
import { type Incident, openIncident } from './incident.ts';
import { oldLines, type Write, writeOf, writes } from './procrastinate-effects.ts';
import { missingLines, readRunbook, type Step, wordsOf } from './runbook.ts';

const markdown = readFileSync(new URL('../../docs/runbooks/procrastinate.md', import.meta.url), 'utf8');
const schema = readFileSync(new URL('../../assets/demo/procrastinate.sql', import.meta.url), 'utf8');
const runbook = readRunbook(markdown);
const steps = runbook.sections.flatMap((section) => section.steps);

describe('the document', () => {
  it('maps every line of the old runbook, each to commands that it plays', () => {
    expect(runbook.mapping.map(({ old }) => old).toSorted()).toEqual([...oldLines].toSorted());
    const commands = [...steps.map(({ command }) => command)];
    for (const { old, commands: mapped } of runbook.mapping) {
      expect(mapped.length, old).toBeGreaterThan(0);
      for (const one of mapped)
        expect(
          commands.some((command) => command.startsWith(one)),
          one,
        ).toBe(true);
    }
  });

  it('holds its commands in console blocks, and nothing but jobctl there', () => {
    for (const { command } of steps) expect(command).toMatch(/^jobctl /);
    expect(steps).toHaveLength(markdown.split('\n').filter((line) => line.startsWith('$ ')).length);
    expect(
      markdown.match(/^```.*$/gm)?.filter((fence) => !['```', '```console', '```yaml jobctl.yaml'].includes(fence)),
    ).toEqual([]);
  });

  it('uses every write whose effect is known here', () => {
    const used = new Set(steps.map(({ command }) => writeOf(command)));
    expect(
      Object.entries(writes)
        .filter(([, write]) => !used.has(write))
        .map(([name]) => name),
    ).toEqual([]);
  });
});

describe.each(runbook.sections)('$title', ({ steps: typed }) => {
  let incident: Incident;
  let home: Home;
  let run = '';
  /** What was there before the last write, for the commands that lead back. */
  let before: Record<string, string> = {};

  beforeAll(async () => {
    incident = await openIncident();
    home = await makeHome();
    for (const [name, text] of Object.entries(runbook.files)) await home.file(name, text);
    await home.file('schema.sql', schema);
    return async () => {
      await Promise.all([incident.drop(), home.remove()]);
    };
  });

  const play = async ({ command }: Step): Promise<Ended> => {
    await incident.beat();
    const [, ...args] = wordsOf(command).map((word) => (word === 'RUN' ? run : word));
    const ended = await home.run(args, {
      env: { JOB_QUEUE_DATABASE_URL: incident.database.url, NEW_DATABASE_URL: incident.empty.url },
    });
    run = /^ {2}run +(\S+)/m.exec(ended.stdout)?.[1] ?? run;
    return ended;
  };

  it.each(typed.map((step, index) => ({ ...step, index })))('$command', async (step) => {
    const write = writeOf(step.command);
    const now = await states(incident);
    const expected = write?.old === 'back' ? before : await wouldBe(incident, now, write);
    const ended = await play(step);
    const printed = `${ended.stderr}${ended.stdout}`;
    expect(ended.code, printed).toBe(step.exit);
    expect(missingLines(step.shown, printed, steady), printed).toEqual([]);
    expect(await states(incident)).toEqual(expected);
    if (write !== undefined) before = now;
    await checks[step.command]?.(ended, incident);
  });
});

/** Every row that a command of the page may change, by id. */
async function states({ database: { pool } }: Incident): Promise<Record<string, string>> {
  const { rows } = await pool.query<{ id: string; row: string }>(
    `SELECT id::text, concat_ws(' ', status, attempts, args) AS row FROM procrastinate_jobs ORDER BY id`,
  );
  return Object.fromEntries(rows.map(({ id, row }) => [id, row]));
}

/** Carries the old statement out, looks, and takes it back: what the command is to do, less what it must spare. */
async function wouldBe(
  incident: Incident,
  now: Record<string, string>,
  write: Write | undefined,
): Promise<Record<string, string>> {
  if (write === undefined) return now;
  const client = await incident.database.pool.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<{ id: string }>(`${write.old} RETURNING id::text`);
    const hit = rows.map(({ id }) => id);
    expect(hit).toEqual(expect.arrayContaining([...(write.spares ?? [])]));
    const after = await states({ ...incident, database: { ...incident.database, pool: client as never } });
    const expected = { ...now };
    for (const id of hit.filter((one) => !write.spares?.includes(one))) {
      if (write.becomes === 'gone') delete expected[id];
      else expected[id] = counted(after[id] as string, now[id] as string);
    }
    return expected;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

/** Where jobctl does more than the old statement: a replayed job has all its attempts again, a lost run counts as one. */
function counted(after: string, before: string): string {
  if (before.startsWith('failed') && after.startsWith('todo')) return after.replace(/^todo \d+/, 'todo 0');
  if (before.startsWith('doing')) return after.replace(/^todo (\d+)/, (_, attempts) => `todo ${Number(attempts) + 1}`);
  return after;
}

interface Stats {
  readonly queues: {
    queue: string;
    counts: Record<string, number>;
    rates: { windowSeconds: number; completed: number; died: number };
    by?: { key: string; rates: { meanSeconds?: number } }[];
  }[];
}

const jsonOf = ({ stdout }: Ended): Stats => JSON.parse(stdout) as Stats;

/** What the reads must tell, compared with what the old statements count. */
const checks: Readonly<Record<string, (ended: Ended, incident: Incident) => void | Promise<void>>> = {
  'jobctl stats --json': async (ended, { database: { pool } }) => {
    const { rows } = await pool.query(
      `SELECT queue_name AS queue, count(*) FILTER (WHERE status = 'todo')::int AS todo,
              (count(*) FILTER (WHERE e.type = 'failed' AND e.at > now() - interval '1 hour'))::int AS died,
              (count(*) FILTER (WHERE e.type = 'succeeded' AND e.at > now() - interval '1 hour'))::int AS completed
         FROM procrastinate_jobs j
         LEFT JOIN procrastinate_events e ON e.job_id = j.id AND e.type::text = j.status::text GROUP BY 1 ORDER BY 1`,
    );
    expect(
      jsonOf(ended).queues.map(({ queue, counts, rates: { died, completed } }) => ({
        queue,
        todo: (counts['waiting'] ?? 0) + (counts['delayed'] ?? 0) + (counts['blocked'] ?? 0),
        died,
        completed,
      })),
    ).toEqual(rows);
  },
  'jobctl stats --by type --json': (ended) => {
    const types = jsonOf(ended).queues.flatMap(({ by = [] }) => by);
    expect(types.find(({ key }) => key === 'email.send')?.rates.meanSeconds).toBeCloseTo(4, 1);
  },
  'jobctl job list --state active --older-than 5m': (ended) => idsShown(ended, ['140', '141', '142']),
  'jobctl job list --stuck': (ended) => idsShown(ended, ['140', '141']),
  'jobctl dlq list': (ended) => idsShown(ended, ['108', '109', '123', '124', '125', '126', '127', '128', '129']),
  'jobctl job list email --state waiting': (ended) => idsShown(ended, ['150', '151', '152']),
  'jobctl schema apply -c new --file schema.sql --dry-run': async (_, { empty }) => {
    expect(await tablesIn(empty.url)).toEqual([]);
  },
  'jobctl schema apply -c new --file schema.sql --confirm new': async (_, { empty }) => {
    expect(await tablesIn(empty.url)).toContain('procrastinate_jobs');
  },
};

const idsShown = ({ stdout }: Ended, ids: readonly string[]): void =>
  expect(
    [...stdout.matchAll(/^(\d+) /gm)]
      .map(([, id]) => id)
      .filter((id) => Number(id) > 100)
      .toSorted(),
  ).toEqual(ids);

async function tablesIn(url: string): Promise<string[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    return rows.map(({ name }) => name);
  } finally {
    await client.end();
  }
}
