import { plural } from './count-text.ts';
import { blocks, facts } from './facts.ts';
import { type Page, view } from './page.ts';
import { type SchemaField, schemaFields } from './schema-fields.ts';
import { table } from './table.ts';

/** A type as the configuration has it. */
export interface JobTypeView {
  readonly type: string;
  readonly payload?: Readonly<Record<string, unknown>> | undefined;
  readonly key?: string | undefined;
  readonly maxAttempts?: number | undefined;
  readonly priority?: number | undefined;
  readonly lane?: string | undefined;
  readonly delay?: string | undefined;
}

export const jobTypesText = view(({ types }: { readonly types: readonly JobTypeView[] }, page: Page): string => {
  if (types.length === 0) return 'The configuration names no job types; they stand under jobTypes.';
  const { text } = table<JobTypeView>(
    [
      { head: 'TYPE', whole: true, cell: ({ type }) => type },
      { head: 'PAYLOAD', whole: true, cell: ({ payload }) => (payload === undefined ? 'no schema' : 'schema') },
      { head: 'KEY', good: 24, min: 8, drop: 1, cell: ({ key = '-' }) => key },
      { head: 'ATTEMPTS', right: true, whole: true, cell: ({ maxAttempts }) => String(maxAttempts ?? '-') },
      { head: 'LANE', good: 10, min: 4, drop: 2, cell: ({ lane = '-' }) => lane },
      { head: 'DELAY', right: true, whole: true, cell: ({ delay = '-' }) => delay },
    ],
    types,
    page,
  );
  return blocks(text, `${plural(types.length, 'type')}.`);
});

export const jobTypeText = view((type: JobTypeView, page: Page): string => {
  const { payload } = type;
  return blocks(
    page.style.strong(type.type),
    facts(aboutOf(type), page),
    payload === undefined
      ? 'It has no payload schema: nothing is checked before a job is added.'
      : table<SchemaField>(
          [
            { head: 'FIELD', whole: true, cell: ({ path }) => path },
            { head: 'TYPE', good: 20, min: 6, cell: (field) => field.type },
            { head: 'NEEDED', whole: true, cell: ({ required }) => (required ? 'yes' : '-') },
            { head: '', good: 24, min: 8, drop: 1, cell: ({ note }) => note },
          ],
          schemaFields(payload),
          page,
        ).text,
  );
});

function aboutOf({ payload, key, maxAttempts, priority, lane, delay }: JobTypeView): [string, string | undefined][] {
  const description = payload?.['description'];
  return [
    ['about', typeof description === 'string' ? description : undefined],
    ['idempotency key', key],
    ['attempts', maxAttempts === undefined ? undefined : String(maxAttempts)],
    ['priority', priority === undefined ? undefined : String(priority)],
    ['lane', lane],
    ['delay', delay],
  ];
}

/** The document for a team: what may be put into a queue, and what becomes of it. */
export function jobTypesMarkdown(types: readonly JobTypeView[]): string {
  const parts = types.map((type) => {
    const about = aboutOf(type).filter(([, value]) => value !== undefined);
    const facts = about.map(([name, value]) =>
      name === 'about' ? `${value}\n` : `- ${name}: ${code(name, value ?? '')}`,
    );
    const { payload } = type;
    return [
      `## ${cell(type.type)}`,
      '',
      ...(facts.length === 0 ? [] : [...facts, '']),
      ...(payload === undefined ? ['The payload is not checked: it has no schema.', ''] : fieldTable(payload)),
    ].join('\n');
  });
  return `${['# Job types', '', 'Written by `jobctl jobtype docs` from the configuration; change it there.', '', ...parts].join('\n').trimEnd()}\n`;
}

const code = (name: string, value: string): string => (name === 'idempotency key' ? `\`${value}\`` : value);

function fieldTable(payload: Readonly<Record<string, unknown>>): string[] {
  const fields = schemaFields(payload);
  const open = payload['additionalProperties'] === false ? 'No other field is allowed.' : 'Other fields are allowed.';
  if (fields.length === 0) return ['The schema names no fields.', ''];
  return [
    '| Field | Type | Needed | Meaning |',
    '| --- | --- | --- | --- |',
    ...fields.map(
      ({ path, type, required, note }) =>
        `| \`${cell(path)}\` | ${cell(type)} | ${required ? 'yes' : 'no'} | ${cell(note)} |`,
    ),
    '',
    open,
    '',
  ];
}

/** A bar would end the cell, and a line break the table. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replace(/\s+/g, ' ').trim();
