import { JobctlError } from '../../../domain/errors.ts';
import type { Schedule, Schedules } from '../../../domain/schedule.ts';
import type { Aws } from '../aws.ts';
import { functionName, type Mappings } from '../consumers/mappings.ts';
import type { Patience } from '../consumers/patience.ts';
import type { Directory, Queue } from '../directory.ts';
import { asSchedule, type Feeder, type Targets } from './feeder.ts';
import { Rules } from './rules.ts';
import { Timetable } from './timetable.ts';

/** All that feeds a queue, whichever service it belongs to. */
export class Feeders {
  readonly #directory: Directory;
  readonly #mappings: Mappings;
  readonly #rules: Rules;
  readonly #timetable: Timetable;

  constructor(aws: Aws, directory: Directory, mappings: Mappings, patience: Patience) {
    this.#directory = directory;
    this.#mappings = mappings;
    this.#rules = new Rules(aws, patience);
    this.#timetable = new Timetable(aws);
  }

  async of(queues: readonly Queue[]): Promise<Map<string, Feeder[]>> {
    const mappings = await this.#mappings.of(queues.length === 1 ? queues[0]?.arn : undefined);
    const targets = queues.map((queue): Targets => {
      const own = mappings.filter(({ EventSourceArn }) => EventSourceArn === queue.arn);
      return { queue, functions: new Map(own.map((one) => [one.FunctionArn ?? '', functionName(one)])) };
    });
    const timed = await this.#timetable.of(targets);
    const found = new Map<string, Feeder[]>();
    for (const [index, target] of targets.entries()) {
      const all = [...(await this.#rules.of(target)), ...(timed[index] ?? [])];
      found.set(
        queues[index]?.name ?? '',
        all.sort((a, b) => (a.id < b.id ? -1 : 1)),
      );
    }
    return found;
  }

  get = (id: string): Promise<Feeder | undefined> =>
    id.startsWith('rule/') ? this.#rules.get(id) : this.#timetable.get(id);

  turn = (id: string, on: boolean): Promise<void> =>
    id.startsWith('rule/') ? this.#rules.turn(id, on) : this.#timetable.turn(id, on);

  /** For `schedule list`. */
  async schedules(names?: readonly string[]): Promise<Schedule[]> {
    const queues = await this.#directory.all([...new Set(names ?? (await this.#directory.names()))]);
    const found = await this.of(queues);
    return [...found].flatMap(([queue, feeders]) => feeders.map((feeder) => asSchedule(queue, feeder)));
  }

  /** For `schedule pause` and `schedule resume`. */
  get ops(): Schedules {
    const turned = async (id: string, queue: string, on: boolean): Promise<Schedule> => {
      const before = await this.get(id);
      if (before === undefined)
        throw new JobctlError('stale', `The schedule ${id} of ${queue} is not there any more.`, {
          next: [`jobctl schedule list ${queue}`],
        });
      if (before.on !== on) await this.turn(id, on);
      return asSchedule(queue, { ...before, on });
    };
    const refuse = (): Promise<never> =>
      Promise.reject(
        new JobctlError('unsupported', 'A rule or schedule of AWS is made and removed by whoever owns it.', {
          next: ['jobctl schedule pause QUEUE ID', 'Remove it in the infrastructure code.'],
        }),
      );
    return {
      pause: (id, queue) => turned(id, queue, false),
      resume: (id, queue) => turned(id, queue, true),
      save: async (id) => {
        const found = id.startsWith('rule/') ? await this.get(id) : await this.#timetable.definition(id);
        return found && (JSON.parse(JSON.stringify(found)) as Record<string, unknown>);
      },
      removable: false,
      remove: refuse,
      put: refuse,
    };
  }
}
