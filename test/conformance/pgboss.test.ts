import { conformance } from '../../src/testkit/index.ts';
import { writtenVersions } from '../setup/pgboss.ts';
import { pgBossBench } from './pgboss-bench.ts';

// 11 lives in a schema of another name.
for (const version of writtenVersions) {
  conformance(`pg-boss ${version}`, () => pgBossBench(version, version === '11' ? 'background' : undefined));
}
