import { readFile } from 'node:fs/promises';
import type { Document, LineCounter, Node } from 'yaml';
import type { z } from 'zod';
import { JobctlError } from '../domain/errors.ts';
import { whyNot } from '../domain/file-fault.ts';
import { nearest } from '../domain/nearest.ts';
import type { ConfigFile } from './schema.ts';

/** One fault of a configuration file; the message never repeats a value, which may be a secret. */
export interface ConfigIssue {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `contexts.prod.url`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export interface ReadConfig {
  readonly file: string;
  /** Undefined when there are issues, and when the file is empty. */
  readonly value: ConfigFile | undefined;
  readonly issues: readonly ConfigIssue[];
  /** The line of each value by its dotted path. */
  readonly lines: ReadonlyMap<string, number>;
}

type Path = readonly PropertyKey[];

/** Reads one file whole: every fault is reported, not only the first. */
export async function readConfigFile(file: string): Promise<ReadConfig> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new JobctlError('usage', `The configuration ${file} cannot be read: ${whyNot(cause)}.`, {
      next: ['jobctl config init', 'Or name another file: --config FILE, JOBCTL_CONFIG.'],
      cause,
    });
  });
  const yaml = await import('./yaml.ts');
  const counter = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number) => ({
    line: counter.linePos(offset).line || 1,
    column: counter.linePos(offset).col || 1,
  });
  const lines = linesOf(document.contents, counter, yaml.isMap, yaml.isSeq);
  const broken = document.errors.map((error) => ({
    file,
    ...at(error.pos[0]),
    path: '',
    message: error.message.split('\n', 1)[0] ?? '',
  }));
  if (broken.length > 0) return { file, value: undefined, issues: broken, lines };
  const plain = plainOf(document);
  if (typeof plain === 'string')
    return { file, value: undefined, issues: [{ file, line: 1, column: 1, path: '', message: plain }], lines };
  if (plain.value === null) return { file, value: undefined, issues: [], lines };

  const { configSchema, configJsonSchema } = await import('./schema.ts');
  const parsed = configSchema.safeParse(plain.value);
  if (parsed.success) return { file, value: parsed.data, issues: [], lines };
  const place = (path: Path, key?: string) => ({
    file,
    ...at(offsetOf(document, path, key)),
    path: [...path, ...(key === undefined ? [] : [key])].join('.'),
  });
  const issues = parsed.error.issues.flatMap((issue): ConfigIssue[] => {
    if (issue.code !== 'unrecognized_keys') return [{ ...place(issue.path), message: wording(issue) }];
    const known = keysAt(configJsonSchema(), issue.path);
    return issue.keys.map((key) => ({ ...place(issue.path, key), message: unknownKey(key, known) }));
  });
  return { file, value: undefined, issues, lines };
}

/** Aliases that grow without bound fail here. */
function plainOf(document: Document.Parsed): { readonly value: unknown } | string {
  try {
    return { value: document.toJS() as unknown };
  } catch (cause) {
    return (cause as Error).message;
  }
}

function unknownKey(key: string, known: readonly string[]): string {
  const [close] = nearest(key, known, 1);
  return `unknown key "${key}"; ${close === undefined ? `known are ${known.join(', ')}` : `did you mean ${close}?`}`;
}

function wording(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type')
    return issue.message.endsWith('received undefined') ? 'is missing' : `must be ${article(issue.expected)}`;
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'too_small') return 'must not be empty';
  return issue.message;
}

const article = (type: string): string =>
  ({ array: 'a list', object: 'a group of keys', record: 'a group of keys', boolean: 'true or false' })[type] ??
  `a ${type}`;

/** The keys that may stand at a path, from the JSON Schema of the file. */
function keysAt(schema: Record<string, unknown>, path: Path): string[] {
  let here: Record<string, unknown> | undefined = schema;
  for (const step of path) {
    const properties = here?.['properties'] as Record<string, Record<string, unknown>> | undefined;
    here = properties?.[String(step)] ?? (here?.['additionalProperties'] as Record<string, unknown> | undefined);
  }
  return Object.keys((here?.['properties'] as object | undefined) ?? {});
}

/** Where the value, or with `key` the key itself, begins. A value that is missing is looked for at what should hold it. */
function offsetOf(document: Document.Parsed, path: Path, key?: string): number {
  for (let length = path.length; length >= 0; length--) {
    const node = (length === 0 ? document.contents : document.getIn(path.slice(0, length), true)) as
      | (Node & { items?: { key: Node }[] })
      | undefined;
    if (node?.range == null) continue;
    const pair = key === undefined ? undefined : node.items?.find((item) => String(item.key) === key);
    return (pair?.key.range ?? node.range)[0];
  }
  return 0;
}

type IsMap = typeof import('yaml').isMap;
type IsSeq = typeof import('yaml').isSeq;

function linesOf(contents: unknown, counter: LineCounter, isMap: IsMap, isSeq: IsSeq): Map<string, number> {
  const lines = new Map<string, number>();
  const walk = (node: unknown, path: readonly string[]): void => {
    const range = (node as Node | null)?.range;
    if (range) lines.set(path.join('.'), counter.linePos(range[0]).line);
    if (isMap(node)) for (const { key, value } of node.items) walk(value, [...path, String(key)]);
    if (isSeq(node)) for (const [index, item] of node.items.entries()) walk(item, [...path, String(index)]);
  };
  walk(contents, []);
  return lines;
}
