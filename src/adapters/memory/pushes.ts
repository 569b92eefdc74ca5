import type { Criterion, Selection } from '../../domain/selection.ts';

/** Only these, on purpose: whoever runs on this backend must decide the rest with `matches`. */
export const pushes: ReadonlySet<Criterion> = new Set(['queues', 'states', 'ids', 'types']);

/** The part of a selection that this backend decides. */
export const pushedPart = ({ queues, states, ids, types }: Selection): Selection => ({ queues, states, ids, types });
