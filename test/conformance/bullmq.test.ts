import { conformance } from '../../src/testkit/index.ts';
import { type BullmqVersion, bullmqBench } from './bullmq-bench.ts';

for (const version of ['6', '5'] satisfies BullmqVersion[]) {
  conformance(`BullMQ ${version}`, () => bullmqBench(version));
}
