import type { Cautions } from '../../domain/adapter.ts';
import { JobctlError } from '../../domain/errors.ts';
import type { Selection } from '../../domain/selection.ts';
import type { Ground } from './ground.ts';
import { type Place, placesOf } from './places.ts';

/** What the attributes of the queues tell before anything is written. */
export async function cautions(ground: Ground, selection: Selection, verb: string): Promise<Cautions> {
  const places = await placesOf(ground.directory, selection);
  // what is named is told of one by one
  const isNamed = selection.ids !== undefined;
  const timeless = isNamed ? [] : places.filter(({ from, state }) => state === 'dead' && !from.fifo);
  const lines = places.flatMap((place) => linesOf(place, isNarrow(selection), verb));
  // they are taken from where workers look for them
  if (verb === 'remove' && !isNamed)
    for (const { from, state } of places) if (state === 'waiting') lines.push(...(await ground.rivals(from)));
  if (places.length === 0 && selection.states.includes('dead')) lines.push(...(await unwired(ground, selection, verb)));
  const trusted = places.filter(({ onTrust }) => onTrust).map(({ from }) => from.name);
  for (const name of trusted)
    lines.push(
      `${unwiredIs(name)}: all that lies in it is taken for dead, because the command says where it is to go. Make sure that no worker takes from ${name}.`,
    );
  for (const { from, besides = [] } of isNamed ? [] : places)
    if (besides.length > 0)
      lines.push(
        `${from.name} also holds the dead of ${besides.join(', ')}: these are counted here, and only a look tells which they are. They stay.`,
      );
  if (timeless.length > 0)
    lines.push(
      'SQS keeps no time of death, so nothing tells what died after this plan: the run ends at the planned count.',
    );
  return { lines, endsAtCount: timeless.length > 0, onTrust: trusted.length > 0 };
}

const unwiredIs = (name: string): string =>
  `${name} has no dead-letter queue, and no queue of this account and region sends its dead there`;

/** Without a redrive policy to or from it, a queue has no dead: not even one that is called a dead-letter queue. */
async function unwired({ directory }: Ground, { queues }: Selection, verb: string): Promise<string[]> {
  const held = await directory.all(queues);
  const full = held.find(({ visible, inFlight }) => visible + inFlight > 0);
  const lines = held.map(
    ({ name, visible }) =>
      `${unwiredIs(name)}: its ${visible === 0 ? 'messages' : `about ${visible} messages`} count as waiting, not as dead.`,
  );
  if (verb !== 'replay' || full === undefined) return lines;
  throw new JobctlError('refused', lines.join(' '), {
    next: [
      `jobctl replay ${full.name} --to QUEUE   # if it is one all the same: all that lies in it, into that queue`,
      `jobctl job list ${full.name} --state waiting   # looks at them`,
    ],
  });
}

function linesOf({ from, state }: Place, narrow: boolean, verb: string): string[] {
  const { name, inFlight, delayed, fifo } = from;
  const lines: string[] = [];
  if (inFlight > 0)
    lines.push(
      `About ${inFlight} messages of ${name} are in flight: others hold them. They come along only when let go in time.`,
    );
  if (delayed > 0 && state === 'waiting')
    lines.push(`About ${delayed} messages of ${name} are delayed: SQS gives them to nobody before they are due.`);
  if (fifo && narrow)
    lines.push(
      `${name} is a FIFO queue: a message that is passed over hides the rest of its group from this run. Without a condition, a ${verb} meets them all, in order.`,
    );
  return lines;
}

/** More than which queue, state and moment is asked. */
const isNarrow = ({ queues: _queues, states: _states, cutoff: _cutoff, ...rest }: Selection): boolean =>
  Object.values(rest).some((value) => value !== undefined);
