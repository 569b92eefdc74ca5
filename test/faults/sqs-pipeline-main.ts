/** One write by the real pipeline on an SQS, in a process that dies where it is told to. The URL is that of the endpoint. */
import { openSqs } from '../../src/adapters/sqs/index.ts';
import type { RunFolder } from '../../src/safety/run-folder.ts';
import { carryOut, worldOf } from './carry-out.ts';
import { mortalAdapter, mortalPorts, mortalRun, Steps } from './kill-points.ts';
import type { Errand } from './pipeline-main.ts';
import { brisk } from './sqs-tempo.ts';

const { url: endpoint, stateDir, order, death } = JSON.parse(process.argv[2] ?? '{}') as Errand;
const steps = new Steps(death);
const adapter = await openSqs({ url: 'sqs://eu-test-1', endpoint, tempo: brisk, receive: true });
const world = worldOf(mortalAdapter(adapter, steps), stateDir);
const around = (run: RunFolder): RunFolder => mortalRun(run, steps);
const report = await carryOut({ ...world, around, ports: mortalPorts(world.ports, steps) }, order);
await adapter.close();
console.log(JSON.stringify({ names: steps.names, commits: 0, writes: steps.writes, run: report.run }));
