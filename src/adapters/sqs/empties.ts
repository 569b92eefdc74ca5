import type { Empties } from '../../domain/whole-queue.ts';
import type { Ground } from './ground.ts';
import { allowLook } from './places.ts';

/** PurgeQueue. */
export const empties = (ground: Ground): Empties => ({
  async outlook(name, saves) {
    const queue = await ground.directory.mustBe(name);
    if (saves) allowLook({ from: queue }, ground.mayReceive);
    const { visible, inFlight, delayed } = queue;
    const isShelf = (await ground.directory.sourcesOf(queue)).length > 0;
    const outOfReach = inFlight + delayed;
    const lost = [
      ...(inFlight > 0 ? [`about ${inFlight} in flight, which others hold`] : []),
      ...(delayed > 0 ? [`about ${delayed} delayed ones`] : []),
      'what is sent to it from the last look on until a minute after',
    ];
    return {
      state: isShelf ? 'dead' : 'waiting',
      count: visible + outOfReach,
      warnings: [
        saves
          ? `Deleted without having been saved, because nobody can receive it: ${lost.join('; ')}. Stop what sends to ${queue.name} first.`
          : `NOTHING IS SAVED: about ${visible} visible messages go for good, and so does ${lost.join('; ')}.`,
        ...(isShelf ? [] : await ground.rivals(queue)),
        'SQS takes up to a minute for it, and allows it once a minute.',
      ],
    };
  },
  async empty(name) {
    await ground.calls.purge((await ground.directory.mustBe(name)).url);
  },
});
