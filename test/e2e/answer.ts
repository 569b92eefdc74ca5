import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { textWidth } from '../../src/output/text-width.ts';
import type { Ended } from './jobctl.ts';

const ajv = new Ajv2020({ allErrors: true });
const compiled = new Map<string, ValidateFunction>();

/** The JSON document on stdout, checked against the schema that is published for it. */
export function answerOf<T = Record<string, unknown>>(ended: Ended, schema: string): T {
  return checked<T>(ended.stdout, schema);
}

/** The JSON error on stderr, which may follow a plan's text. */
export function errorOf({ stderr }: Ended): { code: string; message: string; next: string[]; exitCode: number } {
  return checked<{ error: { code: string; message: string; next: string[]; exitCode: number } }>(
    stderr.trimEnd().split('\n').at(-1) ?? '',
    'error',
  ).error;
}

function checked<T>(text: string, schema: string): T {
  const value = JSON.parse(text) as T;
  let check = compiled.get(schema);
  if (check === undefined) {
    check = ajv.compile(JSON.parse(readFileSync(new URL(`../../schemas/${schema}.json`, import.meta.url), 'utf8')));
    compiled.set(schema, check);
  }
  expect(check(value), JSON.stringify(check.errors, null, 1)).toBe(true);
  return value;
}

/** Lines with words that must be copied whole: paths, ids of runs, URLs, commands. */
const copied = /\/\S{20,}|\d{8}-\d{6}-\S+|\w+:\/\/\S+|(?:jobctl|aws) \S+|GRANT /;

/** No line is wider than a terminal, but for words that must be copied whole; no line ends in blanks. */
export function expectFits(text: string): void {
  for (const line of text.split('\n')) {
    expect(line).toBe(line.trimEnd());
    if (!copied.test(line)) expect(textWidth(line), line).toBeLessThanOrEqual(80);
  }
}

/** What differs from run to run, replaced; columns and wrapped lines close up, since its width differs too. */
export const steady = (text: string): string =>
  text
    .replace(/\/\S+\/jobctl-e2e-\w+/g, 'HOME')
    .replace(/\d{8}-\d{6}-([a-z]+(?:-[a-z]+)*)-[a-z0-9]{4}\b/g, 'DAY-TIME-$1-xxxx')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME')
    .replace(/127\.0\.0\.1:\d+\/procrastinate_([\d.]+)_\w{8}-\w{4}/g, 'HOST/procrastinate_$1')
    .replace(/(?<![\w-])(?:<1s|\d+[dhms](?:\d+[hms])?)(?![\w-])/g, 'AGE')
    .replace(/postgres:\/\/[^\s…]*…/g, 'HOST…')
    .replace(/\b\d[\d.]* k?B\b/g, 'SIZE')
    .replace(/\n {7,}(?=\S)/g, ' ')
    .replace(/(?<=\S) {2,}/g, '  ');

/** Compares with the file that is checked in; `vitest -u` rewrites it. What a stopped clock made is compared as it is. */
export const expectGolden = async (name: string, text: string, { exact = false } = {}): Promise<void> =>
  expect(exact ? text : steady(text)).toMatchFileSnapshot(`golden/${name}.txt`);

/** A failure as the operator should meet it: the code, a few lines, something to do next, nothing of our insides. */
export function expectFailure(ended: Ended, code: number, message: RegExp): void {
  expect(ended.stderr.replace(/\s+/g, ' ')).toMatch(message);
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
  expect(ended.stderr).not.toMatch(/^\s+at .*:\d+/m);
  const error = ended.stderr.slice(ended.stderr.indexOf('error:'));
  expect(error).toMatch(/^error: .*\n( .*\n)*next: \S/);
  expect(error.trimEnd().split('\n').length, error).toBeLessThanOrEqual(9);
  expectFits(ended.stderr);
}
