import { requireOps } from '../domain/capability.ts';
import type { Enqueues } from '../domain/enqueue.ts';
import { JobctlError } from '../domain/errors.ts';
import type { Job } from '../domain/job.ts';
import type { Plan, Report } from '../domain/plan.ts';
import { noDoor, unfit } from '../operations/adding.ts';
import { engineFor } from '../operations/engine.ts';
import { madeBefore } from '../operations/made-before.ts';
import { type AddRequest, planAdding } from '../operations/plan-adding.ts';
import type { Pace, Ports } from '../operations/ports.ts';
import { runOperation } from '../operations/run-operation.ts';
import { inputOf, openSpool, type Spool } from '../safety/run-input.ts';
import { onceOnly, unkept } from './adding-cautions.ts';
import { typeCheck } from './job-types.ts';
import type { Asked } from './new-jobs.ts';
import { knownQueues, type Session } from './session.ts';

export interface AddOrder extends Pick<AddRequest, 'verb' | 'queue' | 'reason'> {
  readonly jobs: AsyncIterable<Asked>;
  /** Leave out what cannot be added, in place of adding nothing. */
  readonly skipInvalid: boolean;
  /** The queue need not be there yet. */
  readonly newQueue: boolean;
  /** What the plan says besides. */
  readonly warnings?: readonly string[] | undefined;
}

/** Faults and jobs that are shown. */
const SHOWN = 20;
const SAMPLE = 5;

/** Reads and checks all of the input before anything is sent, keeps it beside the plan, then adds it in batches. */
export async function addJobs(session: Session, ports: Ports, pace: Pace, order: AddOrder): Promise<Report> {
  const { adapter, reader, context, stateDir } = session;
  const ops = requireOps(adapter.backend.name, 'enqueue', adapter.can.enqueue ?? noDoor);
  if (!order.newQueue) await mustExist(session, order);
  await ops.permit?.(order.queue);
  const spool = await openSpool(stateDir);
  let folder = '';
  try {
    const { types, sample, invalid, keyless } = await readAll(order, ops, session, spool);
    const { keep } = ports;
    const plan = (): Promise<Plan> =>
      planAdding(reader, {
        ...order,
        context: context.name,
        protected: context.protected,
        jobs: spool.jobs,
        types: [...types],
        sample,
        invalid,
        warnings: [
          ...(order.warnings ?? []),
          ...unkept(types, ops, session),
          ...(keep === undefined ? [] : onceOnly(keyless, order.queue, ops)),
        ],
      });
    const open: Ports['open'] = async (made) => {
      const run = await ports.open(made);
      folder = run.path;
      await spool.moveTo(folder);
      return run;
    };
    return await runOperation(
      plan,
      (made) =>
        engineFor(made, {
          adapter,
          tests: {},
          source: nothing,
          input: (from, size) => inputOf(folder, from, size),
          madeBefore: (seconds) => madeBefore(stateDir, seconds),
        }),
      { ...ports, open, ...(keep === undefined ? {} : { keep: (made: Plan) => keep(made, spool.read()) }) },
      pace,
    );
  } finally {
    await spool.drop();
  }
}

async function mustExist({ reader }: Session, { queue, verb }: AddOrder): Promise<void> {
  await knownQueues(reader, [queue]).catch((error: unknown) => {
    if (!(error instanceof JobctlError) || verb !== 'enqueue') throw error; // a trial needs workers, and has no such flag
    throw new JobctlError(error.kind, error.message, {
      next: ['Add --new-queue when it is to be a new one.', ...error.next],
    });
  });
}

async function readAll(order: AddOrder, ops: Enqueues, { context }: Session, spool: Spool) {
  const { queue } = order;
  const check = await typeCheck(context.jobTypes, ops.ignores);
  const types = new Set<string>();
  const sample: Job[] = [];
  const invalid: { id: string; why: string }[] = [];
  let faulty = 0;
  let keyless = 0;
  const refuse = (at: string, whys: readonly string[]): void => {
    faulty += 1;
    if (invalid.length < SHOWN || order.skipInvalid) invalid.push({ id: at, why: whys.join('; ') });
  };
  for await (const asked of order.jobs) {
    if ('fault' in asked) {
      refuse(asked.at, [asked.fault]);
      continue;
    }
    const { job, faults } = check(queue, asked.job);
    const misfit = unfit(queue, job, ops);
    if (misfit !== undefined || faults.length > 0) {
      refuse(asked.at, [...faults, ...(misfit === undefined ? [] : [misfit])]);
      continue;
    }
    await spool.add(job);
    types.add(job.type);
    if (job.key === undefined) keyless += 1;
    if (sample.length < SAMPLE) sample.push(shown(queue, `#${spool.jobs}`, job));
  }
  if (faulty > 0 && !order.skipInvalid) throw refusal(invalid, faulty);
  return { types, sample, invalid, keyless };
}

const shown = (queue: string, id: string, { type, delaySeconds, lane, tenant, key, priority }: Spoolable): Job => ({
  queue,
  id,
  type,
  state: delaySeconds === undefined ? 'waiting' : 'delayed',
  native: '',
  retrying: false,
  attempts: 0,
  payload: '',
  ...{ lane, tenant, key, priority },
});

type Spoolable = Parameters<Spool['add']>[0];

function refusal(invalid: readonly { id: string; why: string }[], faulty: number): JobctlError {
  const more = faulty > invalid.length ? [`… and ${faulty - invalid.length} more.`] : [];
  return new JobctlError(
    'refused',
    [
      `${faulty === 1 ? 'A job' : `${faulty} jobs`} cannot be added, so nothing was sent:`,
      ...invalid.map(({ id, why }) => `  ${id}: ${why}`),
      ...more,
    ].join('\n'),
    { next: ['Mend them, or leave them out with --skip-invalid.'] },
  );
}

async function* nothing(): AsyncGenerator<never> {}
