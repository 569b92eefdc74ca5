import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { JobctlError } from '../domain/errors.ts';
import { whyNot } from '../domain/file-fault.ts';
import { payloadValue, toJson } from '../domain/payload.ts';
import { isAttended } from './terminal.ts';

/** The new payload from `--file` or `--set`. Throws `usage` when it is not JSON. */
export async function readPayload(
  before: string,
  from: { readonly file?: string | undefined; readonly set?: readonly string[] | undefined },
): Promise<string> {
  if (from.file !== undefined)
    return asJson(from.file === '-' ? await readAll(process.stdin) : await readNamed(from.file));
  const value = payloadValue(before);
  for (const assignment of from.set ?? []) assign(value, assignment);
  return toJson(value);
}

const readNamed = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((cause: unknown) => {
    throw new JobctlError('usage', `${file} cannot be read: ${whyNot(cause)}.`, {
      next: ['Name a file with the whole new payload: --file FILE; - is stdin.'],
      cause,
    });
  });

/** The payload as the operator leaves it in the editor. */
export async function editedText(before: string, mayAsk: boolean): Promise<string> {
  if (!mayAsk || !isAttended())
    throw new JobctlError('refused', 'Without a terminal there is no editor.', {
      next: ['Give --file FILE or --set PATH=JSON.'],
    });
  const folder = await mkdtemp(join(tmpdir(), 'jobctl-edit-'));
  const path = join(folder, 'payload.json');
  try {
    await writeFile(path, `${toJson(payloadValue(before), 2)}\n`, { mode: 0o600 });
    const editor = process.env['VISUAL'] || process.env['EDITOR'] || 'vi';
    // the variable may hold arguments, so a shell reads it; the path stays one word
    const child = spawn('/bin/sh', ['-c', `${editor} "$1"`, 'sh', path], { stdio: 'inherit' });
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
    if (code !== 0) throw new JobctlError('cancelled', `${editor} ended with ${code}; nothing was changed.`);
    return asJson(await readFile(path, 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Keeps whole numbers whole and everything else as written. */
function asJson(text: string): string {
  try {
    JSON.parse(text);
  } catch (cause) {
    throw new JobctlError('usage', `That is not JSON: ${(cause as Error).message}.`, {
      next: [`A text needs its quotes: --set 'to="a@example.org"'.`],
      cause,
    });
  }
  return toJson(payloadValue(text));
}

function assign(target: unknown, assignment: string): void {
  const split = assignment.indexOf('=');
  const path = assignment.slice(0, split).split('.');
  const text = assignment.slice(split + 1);
  if (split < 1)
    throw new JobctlError('usage', `--set ${assignment} is not PATH=JSON.`, {
      next: [`For example --set 'amount=12' or --set 'to="a@example.org"'.`],
    });
  const last = path.pop() as string;
  let place = target;
  for (const step of path) place = isHolder(place) && Object.hasOwn(place, step) ? place[step] : undefined;
  if (!isHolder(place))
    throw new JobctlError('usage', `--set ${assignment}: the payload has no ${path.join('.') || 'fields'}.`, {
      next: ['Only the last name of the path may be new.'],
    });
  place[last] = payloadValue(asJson(text));
}

const isHolder = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
