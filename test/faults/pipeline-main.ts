/** One write by the real pipeline on a real server, in a process that dies where it is told to. */
import type { RunFolder } from '../../src/safety/run-folder.ts';
import { carryOut, type Order, openAt, worldOf } from './carry-out.ts';
import { type Death, mortalAdapter, mortalPorts, mortalRun, Steps } from './kill-points.ts';

export interface Errand {
  readonly url: string;
  /** BullMQ: queues whose dead jobs lie in a queue of their own; Postgres: a team's own tables. */
  readonly more?: Parameters<typeof openAt>[1];
  readonly stateDir: string;
  readonly order: Order;
  readonly death: Death;
}

const { url, more, stateDir, order, death } = JSON.parse(process.argv[2] ?? '{}') as Errand;
const steps = new Steps(death);
steps.watchCommits();
steps.watchScripts();
const world = worldOf(mortalAdapter(await openAt(url, more), steps), stateDir);
const around = (run: RunFolder): RunFolder => mortalRun(run, steps);
const report = await carryOut({ ...world, around, ports: mortalPorts(world.ports, steps) }, order);
await world.adapter.close();
console.log(JSON.stringify({ names: steps.names, commits: steps.commits, writes: steps.writes, run: report.run }));
