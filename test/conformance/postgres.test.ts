import { conformance } from '../../src/testkit/index.ts';
import { procrastinateVersions } from '../setup/databases.ts';
import { postgresBench } from './postgres-bench.ts';

// 3.0 lives in a schema that is not in the search path and whose name must be quoted.
for (const version of procrastinateVersions) {
  conformance(`procrastinate ${version}`, () => postgresBench(version, version === '3.0' ? 'Back office' : undefined));
}
