/**
 * Compares what is generated with what is checked in; `npm run golden` rewrites it (--write).
 * A difference is a change that users can see: read it as such. To add one, put it into `generated`.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diffLines } from './diff-lines.ts';
import { documents } from './write-docs.ts';

interface Manifest {
  commands: Record<
    string,
    { aliases: string[]; args: Record<string, Arg>; flags: Record<string, Flag>; hidden?: boolean }
  >;
}
interface Arg {
  required?: boolean;
  options?: string[];
  default?: unknown;
}
interface Flag extends Arg {
  char?: string;
  type: string;
  multiple?: boolean;
  hidden?: boolean;
}

const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

const inOrder = <T>(values: Record<string, T>): [string, T][] =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
const only = (facts: Record<string, unknown>): string =>
  Object.entries(facts)
    .filter(([, value]) => value !== undefined && value !== false && (!Array.isArray(value) || value.length > 0))
    .map(([name, value]) =>
      value === true ? name : `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    )
    .join(', ');

/** Every command with its flags and args: what scripts may rely on. */
function commands(): string {
  const manifest = JSON.parse(readFileSync(at('oclif.manifest.json'), 'utf8')) as Manifest;
  const snapshot = Object.fromEntries(
    inOrder(manifest.commands).map(([id, command]) => [
      id.replaceAll(':', ' '),
      {
        ...(command.aliases.length > 0 && { aliases: command.aliases.toSorted() }),
        // in the order in which they are given
        args: Object.entries(command.args).map(([name, arg]) =>
          only({ [name]: true, required: arg.required, default: arg.default, options: arg.options }),
        ),
        flags: Object.fromEntries(
          inOrder(command.flags).map(([name, { type, char, multiple, required, default: preset, options, hidden }]) => [
            `--${name}`,
            only({ [type]: true, char, multiple, required, hidden, default: preset, options }),
          ]),
        ),
      },
    ]),
  );
  return `${JSON.stringify(snapshot, null, 2)}\n`;
}

const generated: Record<string, () => string | Promise<string>> = {
  'test/golden/commands.json': commands,
  ...documents,
};

const write = process.argv.includes('--write');
for (const [path, make] of Object.entries(generated)) {
  const now = await make();
  let before: string | undefined;
  try {
    before = readFileSync(at(path), 'utf8');
  } catch {
    // not checked in yet
  }
  if (before === now) continue;
  if (write) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), now);
    console.error(`${path}: rewritten`);
    continue;
  }
  process.exitCode = 1;
  console.error(
    `${path} is not what the code generates:\n${diffLines(before ?? '', now)}\nIf that is meant: npm run golden, and say so in the changelog.\n`,
  );
}
