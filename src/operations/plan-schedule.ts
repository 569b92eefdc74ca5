import type { QueueReader } from '../domain/adapter.ts';
import { JobctlError } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import type { Plan, Task, Verb } from '../domain/plan.ts';
import type { Schedule } from '../domain/schedule.ts';
import { batches } from '../safety/journal.ts';
import type { RunRecord } from '../safety/run-folder.ts';

type Scheduling = Extract<Task, { kind: 'schedule' }>;

export interface ScheduleRequest {
  readonly verb: Extract<Verb, `schedule-${string}` | 'undo'>;
  readonly context: string;
  readonly protected: boolean;
  readonly queue: string;
  readonly id: string;
  readonly deed: Scheduling['deed'];
  /** What is brought back. */
  readonly gone?: Pick<Scheduling, 'schedule' | 'saved'> | undefined;
  readonly reason?: string | undefined;
}

/** The schedules of a backend that keeps some, by queue and id. */
export async function listSchedules(reader: QueueReader, queues?: readonly string[]): Promise<Schedule[]> {
  if (reader.schedules === undefined) {
    throw new JobctlError('unsupported', `${reader.backend.name} has no list of what adds jobs by itself.`, {
      next: ['Look where the jobs are added: in the application, or in its crontab.'],
    });
  }
  const before = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  const found = await reader.schedules(queues);
  return found.sort((a, b) => before(a.queue, b.queue) || before(a.id, b.id));
}

/** One that is so already is nothing to do, and is named. */
export async function planSchedule(reader: QueueReader, request: ScheduleRequest): Promise<Plan> {
  const { verb, context, queue, id, deed, gone, reason } = request;
  const madeAt = await reader.now();
  const all = await listSchedules(reader, [queue]);
  const schedule = deed === 'put' ? gone?.schedule : all.find((one) => one.id === id);
  if (schedule === undefined) throw notThere(queue, id, all);
  const isSo = (deed === 'pause' && schedule.paused === true) || (deed === 'resume' && schedule.paused === false);
  return {
    schemaVersion: 1,
    verb,
    context,
    backend: reader.backend.name,
    where: reader.backend.where,
    queues: [queue],
    task: { kind: 'schedule', deed, schedule, ...(gone?.saved === undefined ? {} : { saved: gone.saved }) },
    madeAt,
    matched: { value: isSo ? 0 : 1, exact: true },
    severity: request.protected || deed === 'remove' ? 'severe' : 'normal',
    sample: [],
    strays: [],
    warnings: [
      ...reader.backend.warnings,
      ...(isSo ? [`${id} is ${deed === 'pause' ? 'paused' : 'running'} already.`] : []),
      ...(deed === 'run' && schedule.paused === true ? [`${id} is paused: this job is added all the same.`] : []),
    ],
    ...(reason === undefined ? {} : { reason }),
  };
}

function notThere(queue: string, id: string, all: readonly Schedule[]): JobctlError {
  const known = all.map((one) => one.id);
  const close = nearest(id, known);
  const hint =
    close.length > 0
      ? ` Did you mean ${close.join(' or ')}?`
      : known.length > 0
        ? ` There are: ${known.slice(0, 10).join(', ')}.`
        : ' It has none.';
  return new JobctlError('usage', `There is no schedule "${id}" in ${queue}.${hint}`, {
    next: ['jobctl schedule list   # lists them'],
  });
}

const opposites = { pause: 'resume', resume: 'pause', remove: 'put', put: 'remove' } as const;

/** How a run on a schedule is taken back. Of a `run` its job is taken away, which is no matter of schedules. */
export async function scheduleBack(
  { id: run, plan, journalPath }: RunRecord,
  { deed, schedule }: Scheduling & { readonly deed: keyof typeof opposites },
): Promise<Pick<ScheduleRequest, 'queue' | 'id' | 'deed' | 'gone'>> {
  const { queue, id } = schedule;
  const back = opposites[deed];
  if (back !== 'put') return { queue, id, deed: back };
  for await (const { intent, outcome } of batches(journalPath)) {
    if (intent.saved !== undefined && outcome?.done === 1)
      return { queue, id, deed: back, gone: { schedule, saved: intent.saved } };
  }
  throw new JobctlError('refused', `The run ${run} has removed no schedule: there is nothing to take back.`, {
    next: [`jobctl run show ${run}`, `jobctl schedule list ${plan.queues.join(' ')}`],
  });
}
