import { conformance } from '../../src/testkit/index.ts';
import { memoryBench } from './memory-bench.ts';

conformance('memory', async () => memoryBench());
