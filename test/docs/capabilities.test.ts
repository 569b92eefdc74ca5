import { expect, it } from 'vitest';
import { memoryAdapter } from '../../src/adapters/memory/index.ts';
import { openPostgres } from '../../src/adapters/postgres/index.ts';
import type { Capabilities, QueueAdapter } from '../../src/domain/adapter.ts';
import { createProcrastinate, procrastinateVersions } from '../setup/databases.ts';

interface Column {
  readonly title: string;
  readonly can: Capabilities;
  readonly backend: QueueAdapter['backend'];
}

const meaning: Readonly<Record<keyof Capabilities, string>> = {
  replay: 'dead → waiting',
  reset: 'stuck → waiting',
  remove: 'delete jobs',
  cancel: 'take jobs out before they run',
  edit: 'change the payload of a dead job',
  restore: 'recreate removed jobs',
  revert: 'take a change back',
  lock: 'keep a second run out',
};

/** The document is made from what the adapters say of themselves, on real databases; `-u` rewrites it. */
it('is what docs/capabilities.md says', async () => {
  const columns: Column[] = [];
  for (const version of procrastinateVersions) {
    const database = await createProcrastinate(version);
    const adapter = await openPostgres({ url: database.url, where: 'here' });
    columns.push({ title: `Procrastinate ${version}`, can: adapter.can, backend: adapter.backend });
    await adapter.close();
    await database.drop();
  }
  const memory = memoryAdapter();
  columns.push({ title: 'memory', can: memory.can, backend: memory.backend });
  await expect(page(columns)).toMatchFileSnapshot('../../docs/capabilities.md');
});

function page(columns: readonly Column[]): string {
  const notes: string[] = [];
  const mark = (note: string): string => {
    if (!notes.includes(note)) notes.push(note);
    return ` (${notes.indexOf(note) + 1})`;
  };
  const cell = (capability: Capabilities[keyof Capabilities]): string => {
    if (capability.level === 'native') return 'yes';
    if (capability.level === 'emulated') return `yes, but${mark(`${capability.caveat}.`)}`;
    return `no${mark([capability.why, capability.instead].filter(Boolean).join('. '))}`;
  };
  const verbs = (Object.keys(meaning) as (keyof Capabilities)[]).map((verb) => [
    `**${verb}**: ${meaning[verb]}`,
    ...columns.map(({ can }) => cell(can[verb])),
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
  return `# Capabilities

What each backend can do, as its adapter says it of itself on a real database. \`jobctl capabilities\` says it of yours: it also
depends on the server (a replica takes no writes) and on the context (\`readOnly\`).

"Yes" is the library's own way or the same effect; "yes, but" comes with a caveat; "no" says what to do instead.

${table}

${notes.map((note, i) => `${i + 1}. ${note[0]?.toUpperCase()}${note.slice(1)}`).join('\n')}

Procrastinate has no pause: a worker that runs takes what is due. What to do instead stands in the
[runbook](runbooks/procrastinate.md#emergency-stop-all-processing).
`;
}
