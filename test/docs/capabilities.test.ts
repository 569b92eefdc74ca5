import { expect, it, onTestFinished } from 'vitest';
import type { Capabilities, QueueAdapter } from '../../src/domain/adapter.ts';
import { advised } from '../../src/domain/advice.ts';
import { missing } from '../../src/operations/missing.ts';
import type { Bench } from '../../src/testkit/index.ts';
import { bullmqBench } from '../conformance/bullmq-bench.ts';
import { bullmqPostgresBench } from '../conformance/bullmq-postgres-bench.ts';
import { graphileBench } from '../conformance/graphile-bench.ts';
import { memoryBench } from '../conformance/memory-bench.ts';
import { plainBench, prismaBench } from '../conformance/own-tables-bench.ts';
import { openOn as openPgBoss, pgBossBench } from '../conformance/pgboss-bench.ts';
import { postgresBench } from '../conformance/postgres-bench.ts';
import { sqsBench } from '../conformance/sqs-bench.ts';
import { procrastinateVersions } from '../setup/databases.ts';
import { graphileVersions } from '../setup/graphile.ts';
import { createPgBoss, writtenVersions } from '../setup/pgboss.ts';

/** What every backend is asked; the last four are missing where it has no place for them. */
type Shown = Capabilities & Pick<QueueAdapter['can'], 'resolve' | 'pause' | 'enqueue' | 'schedule'>;

interface Column {
  readonly title: string;
  readonly can: Shown;
  readonly backend: QueueAdapter['backend'];
}

const meaning: Readonly<Record<keyof Shown, string>> = {
  replay: 'dead → waiting',
  reset: 'stuck → waiting',
  remove: 'delete jobs',
  cancel: 'take jobs out before they run',
  edit: 'change the payload of a dead job',
  resolve: 'mark dead jobs as handled, with a note',
  enqueue: 'add jobs',
  pause: 'keep workers from taking jobs',
  schedule: 'pause, resume, run and remove what adds jobs by itself',
  restore: 'recreate removed jobs',
  revert: 'take a change back',
  lock: 'keep a second run out',
};

/** Opens a backend, and away with it once it has said what it can. */
async function column(title: string, bench: Promise<Bench> | Bench): Promise<Column> {
  const { adapter, drop } = await bench;
  const { can, backend } = adapter;
  await drop();
  return { title, can, backend };
}

async function pgBoss9(): Promise<Bench['adapter']> {
  const database = await createPgBoss('9');
  onTestFinished(() => database.drop());
  const adapter = await openPgBoss(database);
  onTestFinished(() => adapter.close());
  return adapter;
}

/** Its version is that of the Redis of this machine, which is no news to a reader. */
async function bullmq(version: '5' | '6'): Promise<Column> {
  const { can, backend } = await column(version, bullmqBench(version));
  return { title: version, can, backend: { ...backend, version: version } };
}

/** The document is made from what the adapters say of themselves, on real databases; `-u` rewrites it. */
it('is what docs/capabilities.md says', async () => {
  const sections: Record<string, Column[]> = {};
  const add = async (section: string, title: string, bench: Promise<Bench> | Bench): Promise<void> => {
    sections[section] = [...(sections[section] ?? []), await column(title, bench)];
  };
  for (const version of procrastinateVersions) await add('Procrastinate', version, postgresBench(version));
  const { can, backend } = await pgBoss9();
  sections['pg-boss'] = [{ title: '9', can, backend }];
  for (const version of writtenVersions) await add('pg-boss', version, pgBossBench(version));
  for (const version of graphileVersions) await add('graphile-worker', version, graphileBench(version));
  await add('Own tables', 'Prisma, with dead letters', prismaBench());
  await add('Own tables', 'written by hand', plainBench());
  for (const version of ['5', '6'] as const)
    sections['BullMQ'] = [...(sections['BullMQ'] ?? []), await bullmq(version)];
  await add('BullMQ', '6 on Postgres', bullmqPostgresBench('bullmq'));
  await add('Amazon SQS', 'sqs', sqsBench());
  await add('memory', 'memory', memoryBench());
  await expect(page(sections)).toMatchFileSnapshot('../../docs/capabilities.md');
});

function page(sections: Readonly<Record<string, readonly Column[]>>): string {
  const tables = Object.entries(sections).map(([title, columns]) => `## ${title}\n\n${section(columns)}`);
  return `# Capabilities

What each backend can do, as its adapter says it of itself on a real database. \`jobctl capabilities\` says it of yours: it also
depends on the server (a replica takes no writes) and on the context (\`readOnly\`).

"Yes" is the library's own way or the same effect; "yes, but" comes with a caveat; "no" says what to do instead.

${tables.join('\n\n')}

Of the Postgres libraries only BullMQ has a pause, and own tables have one where the flag that the workers look at is named
(\`tables.pause\` in the configuration): elsewhere a worker that runs takes what is due. What to do instead stands in the
[runbook](runbooks/procrastinate.md#emergency-stop-all-processing).
`;
}

function section(columns: readonly Column[]): string {
  const notes: string[] = [];
  const mark = (note: string): string => {
    if (!notes.includes(note)) notes.push(note);
    return ` (${notes.indexOf(note) + 1})`;
  };
  const cell = (capability: NonNullable<Shown[keyof Shown]>): string => {
    if (capability.level === 'native') return 'yes';
    if (capability.level === 'emulated') return `yes, but${mark(capability.caveat.replace(/\.?$/, '.'))}`;
    return `no${mark(
      [capability.why, capability.instead && advised(capability.instead)]
        .filter(Boolean)
        .map((part) => part?.replace(/\.?$/, '.'))
        .join(' '),
    )}`;
  };
  const verbs = (Object.keys(meaning) as (keyof Shown)[]).map((verb) => [
    `**${verb}**: ${meaning[verb]}`,
    ...columns.map(({ can }) => cell(can[verb] ?? missing[verb as keyof typeof missing])),
  ]);
  const errors = { history: 'every error', last: 'the last error', none: 'no error text' };
  const facts = [
    ['Reported as', ...columns.map(({ backend }) => `${backend.name} ${backend.version}`)],
    [
      'What it keeps of a failure',
      ...columns.map(
        ({ backend: { errors: kept, errorsNote } }) =>
          `${errors[kept]}${errorsNote === undefined ? '' : mark(errorsNote)}`,
      ),
    ],
    ['Which priority runs first', ...columns.map(({ backend }) => backend.priority.replace('-', ' '))],
  ];
  const head = ['', ...columns.map(({ title }) => title)];
  const table = [head, head.map(() => '---'), ...verbs, ...facts].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const numbered = notes.map((note, i) => `${i + 1}. ${note[0]?.toUpperCase()}${note.slice(1)}`);
  return [table, ...(numbered.length > 0 ? [numbered.join('\n')] : [])].join('\n\n');
}
