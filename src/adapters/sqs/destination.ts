import { JobctlError } from '../../domain/errors.ts';
import type { Ground } from './ground.ts';
import { placesOf, type Where } from './places.ts';

/** Where a replay may send to in place of each message's own queue. */
export async function destination(ground: Ground, of: Omit<Where, 'states'>, to: string): Promise<string> {
  const queue = await ground.directory.mustBe(to);
  for (const { from } of await placesOf(ground.directory, { ...of, states: ['dead'] })) {
    if (from.arn === queue.arn) {
      throw new JobctlError('refused', `${queue.name} is the dead-letter queue itself: that would move nothing.`, {
        next: ['Name the queue whose workers are to have them.'],
      });
    }
    if (from.fifo !== queue.fifo) {
      const kind = (fifo: boolean): string => (fifo ? 'a FIFO queue' : 'a standard queue');
      throw new JobctlError(
        'refused',
        `${queue.name} is ${kind(queue.fifo)} and ${from.name} is ${kind(from.fifo)}: groups and order would be lost or missing.`,
        { next: [`Name ${kind(from.fifo)} with --to.`] },
      );
    }
  }
  return (await ground.directory.byArn(queue.arn))?.name ?? queue.name;
}
