import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { JobctlError } from '../../src/domain/errors.ts';
import { toJson } from '../../src/domain/payload.ts';
import { errorJson } from '../../src/output/error-text.ts';
import { jsonSchemaOf, type OutputName, outputSchemas } from '../../src/output/schemas.ts';
import { jsonExamples as examples } from './examples.ts';

const folder = new URL('../../schemas/', import.meta.url);
const names = Object.keys(outputSchemas) as OutputName[];
const ajv = new Ajv2020({ allErrors: true });
const compiled = new Map(names.map((name) => [name, ajv.compile(JSON.parse(jsonSchemaOf(name)))]));
const faults = (name: OutputName, value: unknown): string[] => {
  const check = compiled.get(name);
  check?.(JSON.parse(toJson(value)));
  return (check?.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
};

/** The shapes that the design names, and those that the commands print. */
const { job, stats, report, groups, run, backup } = examples;
const answers: Readonly<Partial<Record<OutputName, unknown>>> = {
  stats,
  'job-list': { schemaVersion: 1, jobs: [job], more: false },
  'job-show': { schemaVersion: 1, job, timeline: [{ event: 'deferred' }], links: [], notes: [] },
  'dlq-list': { schemaVersion: 1, queue: 'email', jobs: [job], more: false },
  'dlq-groups': { schemaVersion: 1, queue: 'email', scanned: 400, complete: true, groups },
  report,
  'run-list': { schemaVersion: 1, runs: [{ ...run, state: 'finished' }], more: false },
  'backup-list': { schemaVersion: 1, folder: '/b', backups: [backup], more: false },
  error: errorJson(new JobctlError('locked', 'another run', { next: ['jobctl run list'] })),
};

describe.each(names)('%s', (name) => {
  it('is checked in as generated (node scripts/write-schemas.ts)', () => {
    expect(readFileSync(new URL(`${name}.json`, folder), 'utf8')).toBe(jsonSchemaOf(name));
  });

  it('is draft 2020-12, versioned, and open to further fields at every level', () => {
    const schema = JSON.parse(jsonSchemaOf(name)) as Record<string, unknown>;
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: true,
      required: expect.arrayContaining(['schemaVersion']),
    });
    expect(JSON.stringify(schema)).not.toContain('"additionalProperties":false');
  });
});

it('leaves no schema behind that is not generated', () => {
  expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.json`).sort());
});

describe.each(Object.entries(answers) as [OutputName, Record<string, unknown>][])('%s', (name, answer) => {
  it('takes what is printed, with fields to come', () => {
    expect(faults(name, answer)).toEqual([]);
    expect(faults(name, { ...answer, further: 1 })).toEqual([]);
  });

  it('refuses another version and a missing field', () => {
    expect(faults(name, { ...answer, schemaVersion: 2 })).toEqual(['/schemaVersion must be equal to constant']);
    const [field = ''] = Object.keys(answer)
      .filter((key) => key !== 'schemaVersion' && key !== 'run')
      .slice(-1);
    const { [field]: _gone, ...rest } = answer;
    expect(faults(name, rest)).toEqual([` must have required property '${field}'`]);
  });
});

it('wants ids as strings and times with six decimals', () => {
  expect(faults('job-list', { schemaVersion: 1, jobs: [{ ...job, id: 7 }], more: false })).toEqual([
    '/jobs/0/id must be string',
  ]);
  expect(faults('stats', { ...stats, asOf: '2026-11-24T03:41:09Z' })).toEqual([
    expect.stringMatching(/^\/asOf must match pattern/),
  ]);
});
