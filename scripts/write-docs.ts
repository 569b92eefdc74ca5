/**
 * Writes the parts of the documents that the code already knows; with --check it compares and exits with 1 on a difference.
 * A part stands between `<!-- generated: NAME -->` and `<!-- end -->`; the sentences around it are written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configJsonSchema } from '../src/config/schema.ts';
import { ExitCode } from '../src/domain/errors.ts';
import { terminalSvg } from './terminal-svg.ts';

interface Manifest {
  readonly commands: Readonly<Record<string, Command>>;
}
interface Command {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly aliases: readonly string[];
  /** Takes any number of its arguments. */
  readonly strict?: boolean;
  readonly args: Readonly<Record<string, { name: string; description?: string; required?: boolean }>>;
  readonly flags: Readonly<Record<string, Flag>>;
  readonly examples?: readonly (string | { command: string; description: string })[];
}
interface Flag {
  readonly name: string;
  readonly char?: string;
  readonly type: 'boolean' | 'option';
  readonly summary?: string;
  readonly description?: string;
  readonly helpGroup?: string;
  readonly helpValue?: string;
  readonly options?: readonly string[];
  readonly default?: unknown;
  readonly allowNo?: boolean;
  readonly multiple?: boolean;
}

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(at(path), 'utf8');
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');

const commands = (): Command[] =>
  Object.entries((JSON.parse(read('oclif.manifest.json')) as Manifest).commands)
    .map(([id, command]) => ({ ...command, id: id.replaceAll(':', ' ') }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
const anchor = (id: string): string => `jobctl-${id.replaceAll(' ', '-')}`;

/** One line a command, for the README. */
const commandTable = (): string =>
  table(
    ['Command', 'What it does'],
    commands().map(({ id, summary, aliases }) => [
      `[\`jobctl ${id}\`](docs/commands.md#${anchor(id)})`,
      `${summary}${aliases.length > 0 ? ` Also ${aliases.map((one) => `\`${one.replaceAll(':', ' ')}\``).join(', ')}.` : ''}`,
    ]),
  );

const flagName = ({ name, char, type, allowNo, helpValue, options }: Flag): string => {
  const value = type === 'option' ? ` ${options === undefined ? (helpValue ?? 'VALUE') : options.join('|')}` : '';
  return `\`${char === undefined ? '' : `-${char}, `}--${allowNo ? '[no-]' : ''}${name}${value}\``;
};

const flagRow = (flag: Flag): string[] => [
  flagName(flag),
  `${flag.summary ?? flag.description ?? ''}${typeof flag.default === 'string' || typeof flag.default === 'number' ? ` Default: \`${flag.default}\`.` : ''}`,
];

/** Groups that several commands share are told once. */
const shared = ['GLOBAL', 'SELECTION', 'SAFETY'] as const;
const groupNames: Readonly<Record<(typeof shared)[number], string>> = {
  GLOBAL: 'On every command',
  SELECTION: 'Which jobs',
  SAFETY: 'How a write is carried out',
};

function commandReference(): string {
  const all = commands();
  const groups = shared.map((group) => {
    const flags = new Map(
      all
        .flatMap(({ flags }) => Object.values(flags))
        .filter(({ helpGroup }) => helpGroup === group)
        .map((flag) => [flag.name, flag]),
    );
    return `## ${groupNames[group]}\n\n${table(['Flag', 'Meaning'], [...flags.values()].map(flagRow))}`;
  });
  const each = all.map((command) => {
    const most = command.strict === false ? '...' : '';
    const args = Object.values(command.args).map(({ name, required }) => {
      const word = `${name.toUpperCase()}${most}`;
      return required ? word : `[${word}]`;
    });
    const own = Object.values(command.flags).filter(
      ({ helpGroup, name }) => name !== 'json' && !shared.some((group) => group === helpGroup),
    );
    const takes = shared
      .filter(
        (group) => group !== 'GLOBAL' && Object.values(command.flags).some(({ helpGroup }) => helpGroup === group),
      )
      .map((group) => `[${groupNames[group].toLowerCase()}](#${groupNames[group].toLowerCase().replaceAll(' ', '-')})`);
    const examples = (command.examples ?? []).map((one) => (typeof one === 'string' ? one : one.command));
    const shown = examples.map((text) =>
      text.replaceAll('<%= config.bin %>', 'jobctl').replaceAll('<%= command.id %>', command.id),
    );
    return [
      `### jobctl ${command.id}`,
      [command.summary, command.description].filter(Boolean).join(' '),
      `\`jobctl ${[command.id, ...args].join(' ')} [flags]\`${takes.length > 0 ? `, with the flags of ${takes.join(' and ')}` : ''}`,
      own.length > 0 ? table(['Flag', 'Meaning'], own.map(flagRow)) : '',
      shown.length > 0 ? `\`\`\`sh\n${shown.join('\n')}\n\`\`\`` : '',
    ]
      .filter((part) => part !== '')
      .join('\n\n');
  });
  return [...groups, '## Commands', ...each].join('\n\n');
}

/** A code without a meaning does not compile. */
const meanings: Readonly<Record<keyof typeof ExitCode, readonly [meaning: string, then: string]>> = {
  done: ['Everything that was asked for is done, or there was nothing to do.', 'Nothing.'],
  unexpected: [
    'A fault in jobctl, in a file it keeps, or on the disk.',
    'Read the message; `--debug` adds the stack trace.',
  ],
  usage: [
    'The command line or the configuration is wrong, or what was named does not exist.',
    'Correct it; `next:` says how.',
  ],
  partial: [
    'Some jobs were left: held by others, duplicates, failed, or the run stopped.',
    'Read the report; `jobctl run resume RUN` where it is offered.',
  ],
  refused: [
    'A guard said no: no confirmation, too many jobs, a read-only context, an empty selection.',
    'Add what the message asks for, if it is meant.',
  ],
  unsupported: ['This backend cannot do it.', 'Take the alternative that the message names.'],
  stale: ['The plan does not fit any more.', 'Plan again.'],
  locked: ['Another run works on this queue.', 'Wait, or add `--wait-lock 30s`.'],
  unreachable: [
    'The backend did not answer, or does not let us in.',
    'Check address, password and privileges; then run it again or resume.',
  ],
  timeout: ['What was waited for did not happen in time.', 'Wait longer, or find out why.'],
  findings: ['A check found something.', 'Read what it found.'],
  cancelled: ['You stopped it.', 'Nothing, or `jobctl run resume RUN` where a run had begun.'],
};

const exitCodes = (): string =>
  table(
    ['Code', 'Under `--json`', 'Meaning', 'What to do'],
    Object.entries(ExitCode).map(([kind, code]) => [
      String(code),
      kind === 'done' ? '' : `\`JOBCTL_${kind.toUpperCase()}\``,
      ...meanings[kind as keyof typeof ExitCode],
    ]),
  );

interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly examples?: readonly string[];
}

/** Every key of the file, in the schema's order; NAME stands for a name of one's own. */
function configKeys(schema: Schema, path = ''): string[][] {
  const own =
    path === '' || (schema.properties !== undefined && schema.description === undefined)
      ? []
      : [[`\`${path}\``, typeOf(schema), schema.description ?? '']];
  const properties = [schema, ...(schema.anyOf ?? [])].flatMap((one) => Object.entries(one.properties ?? {}));
  const named = properties.flatMap(([key, value]) => configKeys(value, path === '' ? key : `${path}.${key}`));
  const open =
    typeof schema.additionalProperties === 'object' ? configKeys(schema.additionalProperties, `${path}.NAME`) : [];
  return [...own, ...named, ...open];
}

function typeOf({ type, const: fixed, items, anyOf, examples }: Schema): string {
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (fixed !== undefined) return `\`${JSON.stringify(fixed)}\``;
  if (type === 'array') return `list of ${items?.type ?? 'values'}s`;
  return examples === undefined ? [type ?? []].flat().join(' or ') : `duration, such as \`${examples.join('`, `')}\``;
}

const parts: Readonly<Record<string, () => string>> = {
  'command-table': commandTable,
  'command-reference': commandReference,
  'exit-codes': exitCodes,
  'config-keys': () => table(['Key', 'Value', 'Meaning'], configKeys(configJsonSchema() as Schema)),
};

const PART = /<!-- generated: (\S+) -->\n[\s\S]*?<!-- end -->/g;

const filled = (path: string): string =>
  read(path).replace(PART, (_, name: string) => {
    const make = parts[name];
    if (make === undefined) throw new Error(`${path} asks for "${name}", which nothing generates.`);
    return `<!-- generated: ${name} -->\n${make()}\n<!-- end -->`;
  });

/** Each document with how it must read. */
export const documents: Readonly<Record<string, () => string>> = {
  ...Object.fromEntries(
    ['README.md', 'docs/commands.md', 'docs/exit-codes.md', 'docs/configuration.md'].map((path) => [
      path,
      () => filled(path),
    ]),
  ),
  'docs/screen.svg': () => terminalSvg(read('docs/screen.txt')),
};

if (import.meta.main) {
  const check = process.argv.includes('--check');
  for (const [path, make] of Object.entries(documents)) {
    const now = make();
    let before: string | undefined;
    try {
      before = read(path);
    } catch {
      // not written yet
    }
    if (before === now) continue;
    if (check) {
      process.exitCode = 1;
      console.error(`${path} is not what the code generates: node scripts/write-docs.ts`);
    } else {
      writeFileSync(at(path), now);
      console.error(`${path}: rewritten`);
    }
  }
}
