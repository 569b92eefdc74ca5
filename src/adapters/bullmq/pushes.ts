import type { Criterion, Selection } from '../../domain/selection.ts';

/** What is decided here, for reading and for claims alike; the caller decides the rest with `matches`. */
export const pushes: ReadonlySet<Criterion> = new Set(['queues', 'states', 'ids', 'before', 'after', 'cutoff']);

/** The part of a selection that is decided here. */
export const pushedPart = ({ queues, states, ids, before, after, cutoff }: Selection): Selection => ({
  queues,
  states,
  ids,
  before,
  after,
  cutoff,
});
