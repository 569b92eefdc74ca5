import type { QueueReader } from '../domain/adapter.ts';
import type { Plan, Task } from '../domain/plan.ts';
import { matcher, type Tests } from '../domain/selection.ts';

/** More names than this make a plan that nobody can read; the cutoff and the count hold it then. */
const MOST_IDS = 10_000;
const PAGE = 500;

/**
 * The same plan about these very jobs, by their ids. Where ids change with each look, or there are too many of them, it
 * stays as it is: held by its cutoff and by how many matched.
 */
export async function withIds(reader: QueueReader, plan: Plan, tests: Tests): Promise<Plan> {
  const { task, matched } = plan;
  if (task.kind !== 'act' || reader.reads === 'receive' || !matched.exact || matched.value > MOST_IDS) return plan;
  const fits = matcher(task.selection, tests);
  const ids = new Set<string>();
  for await (const page of reader.browse(task.selection, { size: PAGE, order: 'oldest' })) {
    for (const job of page) if (fits(job)) ids.add(job.id);
    if (ids.size > MOST_IDS) return plan;
  }
  return {
    ...plan,
    task: { ...task, selection: { ...task.selection, ids: [...ids] } },
    matched: { value: ids.size, exact: true },
  };
}

/** What the backend does in one stroke is decided when it is done: nothing of it can be compared beforehand. */
export type Applicable = Extract<Task, { kind: Exclude<Task['kind'], 'move'> }>;

export const isApplicable = (task: Task): task is Applicable =>
  task.kind === 'act' ? task.empties === undefined : task.kind !== 'move';
