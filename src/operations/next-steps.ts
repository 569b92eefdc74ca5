import { isTrial } from '../domain/plan.ts';
import type { RunFolder } from '../safety/run-folder.ts';
import { shellWord } from '../safety/shell-word.ts';
import type { Engine } from './batch.ts';
import { afterMove } from './moving.ts';
import { CANARY } from './ports.ts';
import type { Results } from './tally.ts';

/** The look at the groups of the dead: it takes one queue, or all. */
export const groupsOf = (queues: readonly string[]): string =>
  ['jobctl dlq groups', ...(queues.length === 1 ? queues.map(shellWord) : [])].join(' ');

/** What to do after a run, best first. Each line can be typed as it is. */
export function nextSteps(
  run: Pick<RunFolder, 'id' | 'plan'>,
  { undoable = true, undoReceives = false }: Pick<Engine, 'undoable' | 'undoReceives'>,
  results: Results,
  finished: boolean,
  stopped = '',
): string[] {
  const undo = `jobctl undo ${run.id}${undoReceives ? ' --receive' : ''}`;
  const { limit = Number.POSITIVE_INFINITY, matched } = run.plan;
  const isAll = matched.exact && results.acted >= Math.min(limit, matched.value);
  if (stopped.startsWith(CANARY))
    return [
      `${groupsOf(run.plan.queues)}   # why did they die again?`,
      ...(undoable ? [`${undo}   # takes back what has not begun`] : []),
      `jobctl run resume ${run.id}   # ${isAll ? 'ends the run: it has no others' : 'the others too, without a canary'}`,
    ];
  const { task, queues } = run.plan;
  if (task.kind === 'move') return afterMove(run.id, task, finished);
  // of a trial that was stopped, whoever stopped it has taken away what he could
  if (isTrial(run.plan.verb) && !finished) return [`${undo}   # takes away what is left of it`];
  if (!finished) return [`jobctl run resume ${run.id}`, `jobctl run show ${run.id}`];
  if (task.kind === 'schedule' && task.deed === 'pause' && results.counts.done > 0)
    return [`jobctl schedule resume ${[...queues, task.schedule.id].map(shellWord).join(' ')}`];
  if (task.kind === 'switch' && task.to === 'paused' && results.counts.done > 0)
    return [`jobctl resume ${queues.join(' ')}`];
  const more = limit > results.acted ? results.beyond : 0;
  return [
    ...(more > 0
      ? [
          `jobctl stats ${queues.join(' ')}   # at least ${more} more are there: they came after the plan, or it counted too few`,
        ]
      : []),
    ...(results.counts.done > 0 && undoable ? [undo] : []),
  ];
}
