import { conformance } from '../../src/testkit/index.ts';
import { graphileVersions } from '../setup/graphile.ts';
import { graphileBench } from './graphile-bench.ts';

// 0.18 lives in a schema that is not the library's own and whose name must be quoted.
for (const version of graphileVersions) {
  conformance(`graphile-worker ${version}`, () =>
    graphileBench(version, version === '0.18' ? 'Back office' : undefined),
  );
}
