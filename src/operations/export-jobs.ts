import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { whyNot } from '../domain/file-fault.ts';
import type { Job } from '../domain/job.ts';
import { matcher, type Selection, type Tests } from '../domain/selection.ts';
import { safeJson } from '../safety/safe-json.ts';

const PAGE = 1000;

export interface ExportOptions {
  /** Stdout when missing. */
  readonly path?: string | undefined;
  readonly limit?: number | undefined;
}

export interface Exported {
  readonly jobs: number;
  readonly more: boolean;
  readonly file?: string | undefined;
}

/** Streams the jobs as NDJSON, page by page. A reader that goes away ends it quietly; a full disk does not. */
export async function exportJobs(
  reader: QueueReader,
  selection: Selection,
  tests: Tests,
  shown: (job: Job) => unknown,
  { path, limit }: ExportOptions,
): Promise<Exported> {
  const out = path === undefined ? process.stdout : createWriteStream(path, { mode: 0o600, flags: 'wx' });
  let broken: unknown;
  const failure = new Promise<never>((_, reject) => out.once('error', reject));
  failure.catch((error: unknown) => (broken = error));
  const fits = matcher(selection, tests);
  let jobs = 0;
  let more = false;
  try {
    for await (const page of reader.browse(selection, { size: PAGE, order: 'oldest' })) {
      const lines: string[] = [];
      for (const job of page.filter(fits)) {
        if (limit !== undefined && jobs >= limit) {
          more = true;
          break;
        }
        jobs += 1;
        lines.push(`${safeJson(shown(job))}\n`);
      }
      if (lines.length > 0 && !out.write(lines.join(''))) await Promise.race([once(out, 'drain'), failure]);
      if (more) break;
    }
    await setImmediate(); // a file behind stdout tells of its error a moment later
    if (broken !== undefined) throw broken;
    if (path !== undefined) {
      out.end();
      await Promise.race([finished(out), failure]);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EPIPE') return { jobs, more: true };
    if (code === undefined || path === undefined) throw cause;
    throw new JobctlError(
      ['EEXIST', 'ENOENT', 'EISDIR', 'ENOTDIR', 'EACCES'].includes(code) ? 'usage' : 'unexpected',
      code === 'EEXIST'
        ? `${path} is there already; it was left as it is.`
        : `${path} cannot be written: ${whyNot(cause)}.`,
      { next: ['Choose another file.'], cause },
    );
  }
  return { jobs, more, ...(path === undefined ? {} : { file: path }) };
}
