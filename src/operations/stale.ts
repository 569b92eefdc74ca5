import type { QueueReader } from '../domain/adapter.ts';
import { secondsBetween } from '../domain/instant.ts';
import type { Plan, Task } from '../domain/plan.ts';
import { matcher, type Selection, type Tests } from '../domain/selection.ts';

const SHOWN = 5;
const PAGE = 500;
/** A clock may be this much ahead of another one of the same backend. */
const SKEW = 60;

type Place = Pick<Plan, 'context' | 'backend' | 'where'>;

/** Why a plan that was made earlier is not one for this place and this hour, a line each. */
export function strangeTo(plan: Plan, here: Place, now: string, maxAgeSeconds: number): string[] {
  const age = secondsBetween(plan.madeAt, now);
  return [
    ...(plan.context === here.context ? [] : [`It was made in the context ${plan.context}, this is ${here.context}.`]),
    ...(plan.backend === here.backend ? [] : [`It was made for ${plan.backend}, this is ${here.backend}.`]),
    ...(withoutUser(plan.where) === withoutUser(here.where)
      ? []
      : [`It was made for ${plan.where}, this is ${here.where}.`]),
    ...(age > maxAgeSeconds ? [`It is ${lengthOf(age)} old; --plan-max-age allows ${lengthOf(maxAgeSeconds)}.`] : []),
    ...(age < -SKEW ? [`It was made at ${plan.madeAt}, which lies ahead of the clock of the backend.`] : []),
  ];
}

function lengthOf(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return seconds < 3600 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 360) / 10} h`;
}

/** Whoever applies it may come with a role of their own. */
const withoutUser = (where: string): string => where.replace(/\/\/[^@/\s]*@/, '//');

/** What is no longer as the plan says, a line each; nothing when it still holds. `now`: the same plan, made again. */
export async function changesSince(plan: Plan, now: Plan, reader: QueueReader, tests: Tests): Promise<string[]> {
  const { task } = plan;
  const others = [
    ...(plan.queues.join(', ') === now.queues.join(', ')
      ? []
      : [`It is about ${plan.queues.join(', ')}, and would be about ${now.queues.join(', ') || 'nothing'} now.`]),
    ...(task.kind === 'switch' && now.task.kind === 'switch' ? switched(task, now.task) : []),
    ...(task.kind === 'scale' && now.task.kind === 'scale' ? rescaled(task, now.task) : []),
    ...(task.kind === 'schedule' && now.task.kind === 'schedule' ? rescheduled(task, now.task) : []),
  ];
  if (others.length > 0 || plan.matched.value === now.matched.value) return others;
  if (task.kind === 'act' && task.selection.ids !== undefined)
    return [await gone(task.selection, task.selection.ids, reader, tests)];
  const about = plan.matched.exact ? '' : 'about ';
  return [`${about}${plan.matched.value} matched when it was made, ${about}${now.matched.value} match now.`];
}

function switched(then: Extract<Task, { kind: 'switch' }>, now: Extract<Task, { kind: 'switch' }>): string[] {
  const left = new Set(now.switches.map(({ queue }) => queue));
  return then.switches
    .filter(({ queue }) => !left.has(queue))
    .map(({ queue }) => `${queue} is ${then.to} already.`)
    .concat(now.switches.length > then.switches.length ? ['More queues would change than when it was made.'] : []);
}

function rescheduled(then: Extract<Task, { kind: 'schedule' }>, now: Extract<Task, { kind: 'schedule' }>): string[] {
  const { id, when, paused } = then.schedule;
  if (now.schedule.when !== when) return [`The schedule ${id} was ${when}, and is ${now.schedule.when}.`];
  return now.schedule.paused === paused ? [] : [`The schedule ${id} is ${paused ? 'running' : 'paused'} by now.`];
}

function rescaled(then: Extract<Task, { kind: 'scale' }>, now: Extract<Task, { kind: 'scale' }>): string[] {
  const valuesOf = ({ steps }: typeof then): string => JSON.stringify(steps.map(({ as, scale }) => [scale.id, as]));
  return valuesOf(then) === valuesOf(now) ? [] : ['The limits of the consumer are not what they were.'];
}

/** The jobs that the plan names and that are not what it meant any more, the first of them with what they are. */
async function gone(selection: Selection, ids: readonly string[], reader: QueueReader, tests: Tests): Promise<string> {
  const fits = matcher(selection, tests);
  const missing = new Set(ids);
  for await (const page of reader.browse(selection, { size: PAGE, order: 'oldest' }))
    for (const job of page) if (fits(job)) missing.delete(job.id);
  const shown: string[] = [];
  for (const id of [...missing].slice(0, SHOWN)) shown.push(`${id} (${await stateOf(reader, id, selection)})`);
  const more = missing.size > SHOWN ? ` and ${missing.size - SHOWN} more` : '';
  return `${missing.size} of its ${ids.length} jobs no longer match: ${shown.join(', ')}${more}.`;
}

async function stateOf(reader: QueueReader, id: string, { queues, states }: Selection): Promise<string> {
  for (const queue of queues) {
    const job = (await reader.find(id, queue))?.job;
    if (job !== undefined) return states.includes(job.state) ? `${job.state} again, or changed` : job.state;
  }
  return 'gone';
}
