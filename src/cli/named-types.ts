import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { JobTypeEntry } from '../config/load.ts';
import { JobctlError } from '../domain/errors.ts';
import { whyNot } from '../domain/file-fault.ts';
import { nearest } from '../domain/nearest.ts';
import { findContext } from './session.ts';

interface PlaceFlags {
  readonly context?: string | undefined;
  readonly url?: string | undefined;
  readonly config?: string | undefined;
}

type NamedType = JobTypeEntry & { readonly type: string };

/** What the configuration says of the types of the context, by name; nothing is connected. */
export async function jobTypesOf(flags: PlaceFlags): Promise<NamedType[]> {
  const { context } = await findContext(flags);
  return Object.entries(context.jobTypes)
    .map(([type, entry]) => ({ type, ...entry }))
    .sort((a, b) => (a.type < b.type ? -1 : 1));
}

/** Throws `usage`, with the nearest names. */
export async function jobTypeNamed(flags: PlaceFlags, name: string): Promise<NamedType> {
  const types = await jobTypesOf(flags);
  const found = types.find(({ type }) => type === name);
  if (found !== undefined) return found;
  const close = nearest(
    name,
    types.map(({ type }) => type),
  );
  const hint = close.length > 0 ? ` Did you mean ${close.join(' or ')}?` : '';
  throw new JobctlError('usage', `The configuration names no job type "${name}".${hint}`, {
    next: ['jobctl jobtype list'],
  });
}

/** The path of the file. Its folder is made when it is missing. */
export async function writeDocument(file: string, text: string): Promise<string> {
  const path = resolve(file);
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    return path;
  } catch (cause) {
    throw new JobctlError('usage', `${path} cannot be written: ${whyNot(cause)}.`, {
      next: ['Name another file after --out.'],
      cause,
    });
  }
}
