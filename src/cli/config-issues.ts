import type { ConfigIssue, ReadConfig } from '../config/config-file.ts';
import { type JobTypes, schemaFaults } from './job-types.ts';

/** What reading a file does not find out: payload schemas that are none. */
export async function schemaIssues({ file, value, lines }: ReadConfig): Promise<ConfigIssue[]> {
  const places: [path: string, types: JobTypes | undefined][] = [
    ['jobTypes', value?.jobTypes],
    ...Object.entries(value?.contexts ?? {}).map(([name, context]): [string, JobTypes | undefined] => [
      `contexts.${name}.jobTypes`,
      context.jobTypes,
    ]),
  ];
  const issues: ConfigIssue[] = [];
  for (const [place, types = {}] of places) {
    for (const { type, why } of await schemaFaults(types)) {
      const path = `${place}.${type}.payload`;
      issues.push({ file, line: lines.get(path) ?? 1, column: 1, path, message: `is not a JSON Schema: ${why}` });
    }
  }
  return issues;
}
