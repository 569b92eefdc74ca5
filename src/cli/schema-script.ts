import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { parseDuration } from '../config/duration.ts';
import { JobctlError } from '../domain/errors.ts';
import { whyNot } from '../domain/file-fault.ts';
import type { SchemaScript } from '../domain/schema.ts';

export interface ScriptFlags {
  readonly file?: string | undefined;
  readonly app?: string | undefined;
  readonly timeout: string;
}

const INSTALL = [
  'pip install procrastinate   # where your application is installed',
  'Or give the script: --file schema.sql',
  'Another library? --dialect pg-boss or --dialect graphile-worker',
];

/**
 * The script of `--file`, or the one that the installed library prints. The library is only asked for its text: applied by
 * itself it would go to the database of the application's own settings, which need not be the one of the context.
 */
export async function readSchemaScript({ file, app, timeout }: ScriptFlags): Promise<SchemaScript> {
  return file === undefined ? await printed(app, parseDuration(timeout) * 1000) : await written(file);
}

async function written(file: string): Promise<SchemaScript> {
  try {
    const text = file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8');
    return { source: file === '-' ? 'stdin' : file, text: text.replace(/^\uFEFF/, '') };
  } catch (cause) {
    throw new JobctlError('usage', `${file} cannot be read: ${whyNot(cause)}.`, {
      next: ['procrastinate schema --read > schema.sql'],
      cause,
    });
  }
}

async function printed(app: string | undefined, timeoutMs: number): Promise<SchemaScript> {
  const words = [...(app === undefined ? [] : ['--app', app]), 'schema', '--read'];
  const source = ['procrastinate', ...words].join(' ');
  try {
    const limits = { timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 };
    const { stdout } = await promisify(execFile)('procrastinate', words, limits);
    return { source, text: stdout };
  } catch (cause) {
    const { code, stderr, killed } = cause as { code?: string | number; stderr?: string; killed?: boolean };
    if (code === 'ENOENT')
      throw new JobctlError('usage', 'procrastinate is not installed here: it is not found on PATH.', {
        next: INSTALL,
        cause,
      });
    if (killed === true)
      throw new JobctlError('timeout', `${source} did not end in time.`, {
        next: ['Raise --timeout, or give --file.'],
        cause,
      });
    const last = stderr?.trim().split('\n').at(-1) ?? '';
    throw new JobctlError('usage', `${source} failed (${code}): ${last}`, {
      next: ['Is --app the module and name of your App (shop.queue.app)?', ...INSTALL.slice(1)],
      cause,
    });
  }
}
