import { paced } from '../../src/adapters/wrap/paced.ts';
import { readOnly } from '../../src/adapters/wrap/read-only.ts';
import { conformance } from '../../src/testkit/index.ts';
import { memoryBench } from './memory-bench.ts';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

// Fast enough for the kit, slow enough that claims are cut and sleeps happen.
conformance('paced(memory)', async () => memoryBench((adapter) => paced(adapter, { perSecond: 1000, sleep })));

// All that is left is reading; each check that writes is shown as skipped, with the reason.
conformance('readOnly(memory)', async () =>
  memoryBench((adapter) => readOnly(adapter, 'the context prod is readOnly')),
);
