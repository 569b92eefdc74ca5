import { JobctlError } from '../../domain/errors.ts';
import type { Selection } from '../../domain/selection.ts';
import type { Directory, Queue } from './directory.ts';
import type { InHand, Shown } from './message.ts';

/** A queue to look into, and how what lies there is to be shown. */
export interface Place {
  readonly from: Queue;
  readonly state: 'waiting' | 'dead';
  /** No queue of this account and region sends its dead there. */
  readonly onTrust?: true;
  /** Queues that were not asked for, whose dead lie here as well. */
  readonly besides?: readonly string[];
  /** Undefined for a message that is none of those asked for. */
  shownAs(message: InHand): Shown | undefined;
}

export type Where = Pick<Selection, 'queues' | 'states' | 'takenForDead'>;

/**
 * The dead of a queue lie in its dead-letter queue; naming that one means all that lies in it. Each physical queue is one
 * place, so that no message is met twice. With `takenForDead` a queue without any wiring is its own dead-letter queue.
 */
export async function placesOf(directory: Directory, where: Where): Promise<Place[]> {
  const { queues, states, takenForDead } = where;
  const places: Place[] = [];
  const shelves = new Map<string, { from: Queue; views: Map<string, Queue>; whole: string | undefined }>();
  for (const name of new Set(queues)) {
    const queue = await directory.named(name);
    if (queue === undefined) continue;
    const isShelf = (await directory.sourcesOf(queue)).length > 0;
    if (!isShelf && states.includes('waiting')) places.push(waitingIn(queue, name));
    if (!states.includes('dead')) continue;
    // a queue with a redrive policy is no dead-letter queue, whatever is said of it
    const own = isShelf || (queue.redrive === undefined && takenForDead === true);
    const from = own ? queue : queue.redrive && (await directory.byArn(queue.redrive.arn));
    if (from === undefined) continue;
    const shelf = shelves.get(from.arn) ?? { from, views: new Map(), whole: undefined };
    shelves.set(from.arn, shelf);
    if (own) shelf.whole = name;
    else shelf.views.set(queue.arn, { ...queue, name });
  }
  for (const { from, views, whole } of shelves.values()) {
    places.push(deadIn(from, views, whole, await directory.all(await directory.sourcesOf(from))));
  }
  return places;
}

/** Refuses to look where each look may itself move messages to the dead-letter queue. */
export function allowLook({ from }: Pick<Place, 'from'>, mayReceive: boolean): void {
  if (from.redrive === undefined || mayReceive) return;
  throw new JobctlError(
    'refused',
    `Looking into ${from.name} counts as a receive, and after ${from.redrive.maxReceiveCount} of them SQS moves a message to ${from.redrive.arn.split(':').at(-1)}.`,
    { next: [`jobctl stats ${from.name}   # counts without looking`, '--receive   # look all the same'] },
  );
}

const waitingIn = (from: Queue, as: string): Place => ({
  from,
  state: 'waiting',
  shownAs: () => ({ as, state: 'waiting', from, maxAttempts: from.redrive?.maxReceiveCount }),
});

function deadIn(
  from: Queue,
  views: ReadonlyMap<string, Queue>,
  whole: string | undefined,
  sources: readonly Queue[],
): Place {
  const only = sources.length === 1 ? sources[0] : undefined;
  const limits = new Map(sources.map(({ arn, redrive }) => [arn, redrive?.maxReceiveCount]));
  return {
    from,
    state: 'dead',
    ...(sources.length === 0 && { onTrust: true }),
    ...(whole === undefined && { besides: sources.filter(({ arn }) => !views.has(arn)).map(({ name }) => name) }),
    shownAs({ message }) {
      const home = message.Attributes?.DeadLetterQueueSourceArn ?? only?.arn;
      const as = (home === undefined ? undefined : views.get(home)?.name) ?? whole;
      if (as === undefined) return undefined;
      return { as, state: 'dead', from, home, maxAttempts: home === undefined ? undefined : limits.get(home) };
    },
  };
}
