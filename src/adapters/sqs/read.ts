import type { QueueReader } from '../../domain/adapter.ts';
import { fromDate } from '../../domain/instant.ts';
import type { JobDetail } from '../../domain/job.ts';
import { payloadPointer } from '../../domain/payload.ts';
import type { Criterion, Selection } from '../../domain/selection.ts';
import { cautions } from './cautions.ts';
import { destination } from './destination.ts';
import type { Ground } from './ground.ts';
import { type InHand, jobOf, type Shown } from './message.ts';
import { type Place, placesOf } from './places.ts';
import { stats } from './stats.ts';

/** Everything else takes the message itself, and is decided by who receives it. */
export const pushes: ReadonlySet<Criterion> = new Set(['queues', 'states']);

const PAGE = 100;

type Reads = Omit<QueueReader, 'backend' | 'close'>;

export const reader = (ground: Ground): Reads => ({
  reads: 'receive',
  pushes,
  async now() {
    const { calls } = ground;
    calls.refuseWhenClosed();
    if (!calls.clock.isKnown) await calls.listQueues(undefined, 1).catch(() => undefined); // a refusal tells it too
    calls.refuseWhenClosed();
    return fromDate(new Date(calls.clock.now()));
  },
  queues: async () => (await ground.directory.names()).map((queue) => ({ queue })),
  async queueNamed(asked) {
    const queue = await ground.directory.named(asked);
    return queue && { queue: queue.name };
  },
  stats: (request) => stats(ground, request),
  async count(selection) {
    const places = await placesFor(ground, selection);
    const value = places.reduce(
      (all, { from, state }) => all + from.visible + (state === 'dead' ? from.inFlight : 0),
      0,
    );
    return { value, exact: false };
  },
  async *browse(selection, { size }) {
    for (const place of await placesFor(ground, selection)) {
      for await (const page of ground.look(place, size)) yield page.map(({ one, shown }) => jobOf(one, shown));
    }
  },
  find: (id, queue) => find(ground, id, queue),
  destination: (of, to) => destination(ground, of, to),
  cautions: (selection, verb) => cautions(ground, selection, verb),
  async heldByOthers(selection) {
    if (!selection.states.includes('dead')) return 0;
    const places = await placesOf(ground.directory, { ...selection, states: ['dead'] });
    return places.reduce((all, { from }) => all + from.inFlight, 0);
  },
  async unmet(selection) {
    const places = await placesFor(ground, selection);
    return places.flatMap(({ from }) => ground.unmet.get(from.arn) ?? []).join(' ') || undefined;
  },
});

/** None for an empty list of ids or types: it matches nothing, so nothing is received. */
const placesFor = async (ground: Ground, selection: Selection): Promise<Place[]> => {
  ground.calls.refuseWhenClosed();
  return selection.ids?.length === 0 || selection.types?.length === 0
    ? []
    : await placesOf(ground.directory, selection);
};

/** SQS has no index: a walk over the queue, or over every dead-letter queue, until the message is met. */
async function find(ground: Ground, id: string, queue: string | undefined): Promise<JobDetail | undefined> {
  ground.calls.refuseWhenClosed();
  if (!/^[\w-]{1,100}$/.test(id)) return undefined;
  const states = queue === undefined ? (['dead'] as const) : (['dead', 'waiting'] as const);
  const queues = queue === undefined ? await ground.directory.names() : [queue];
  const places = await placesOf(ground.directory, { queues, states });
  // the dead can always be looked at; what waits is looked at only where no harm comes of it
  for (const place of places) {
    const isAsked = queue !== undefined && place.state === 'dead';
    if (!isAsked && place.from.redrive !== undefined && !ground.mayReceive) continue;
    for await (const page of ground.look(place, PAGE)) {
      const met = page.find(({ one }) => one.id === id);
      if (met !== undefined) return detailOf(met.one, met.shown);
    }
  }
  return undefined;
}

function detailOf(one: InHand, shown: Shown): JobDetail {
  const system = one.message.Attributes ?? {};
  const at = (millis: string | undefined) => (millis === undefined ? undefined : fromDate(new Date(Number(millis))));
  const pointer = payloadPointer(one.message.Body ?? '');
  return {
    job: jobOf(one, shown),
    timeline: [
      { at: at(system.SentTimestamp), event: 'sent' },
      { at: at(system.ApproximateFirstReceiveTimestamp), event: 'first received' },
    ],
    links: shown.home === undefined ? [] : [{ relation: 'came from', to: shown.home }],
    notes: [
      `Received ${system.ApproximateReceiveCount ?? 'at least 1'} times so far, this look included.`,
      ...Object.entries(one.message.MessageAttributes ?? {}).map(
        ([name, { DataType, StringValue, BinaryValue }]) =>
          `attribute ${name} (${DataType}): ${StringValue ?? `${BinaryValue?.length ?? 0} bytes`}`,
      ),
      ...(system.AWSTraceHeader === undefined ? [] : [`trace: ${system.AWSTraceHeader}`]),
      ...(pointer === undefined ? [] : [`payload: ${pointer}; a copy of the message points to the same object`]),
      ...(shown.state === 'dead' && shown.home === undefined
        ? ['Nothing tells which queue it came from, so a replay would not know where to send it.']
        : []),
    ],
  };
}
