import { isDeepStrictEqual } from 'node:util';
import type { GetScheduleCommandOutput, ScheduleSummary, UpdateScheduleCommandInput } from '@aws-sdk/client-scheduler';
import { JobctlError } from '../../../domain/errors.ts';
import { type Aws, ifThere } from '../aws.ts';
import { inParallel } from '../in-parallel.ts';
import { type Feeder, partsOf, type Targets } from './feeder.ts';

const AT_ONCE = 5;
/** A schedule that sends by the API itself has this as its target, and the queue in its input. */
const SENDS = /:aws-sdk:sqs:sendMessage(Batch)?$/;

type Definition = Omit<GetScheduleCommandOutput, '$metadata'>;

/** Schedules of EventBridge Scheduler. It has no look-up by target, so the list is read whole. */
export class Timetable {
  readonly #aws: Aws;

  constructor(aws: Aws) {
    this.#aws = aws;
  }

  async of(targets: readonly Targets[]): Promise<Feeder[][]> {
    const all = await this.#list();
    return await inParallel(targets, AT_ONCE, async (target) => {
      const found = await inParallel(all, AT_ONCE, (one) => this.#feeding(one, target));
      return found.filter((feeder) => feeder !== undefined);
    });
  }

  async get(id: string): Promise<Feeder | undefined> {
    const definition = await this.definition(id);
    return definition && feederOf(definition, undefined);
  }

  /** All that Scheduler tells of it. Undefined when it is gone. */
  async definition(id: string): Promise<Definition | undefined> {
    const parts = partsOf(id, 'schedule');
    if (parts === undefined) return undefined;
    const answer = await ifThere(
      this.#aws.ask('scheduler', 'GetSchedule', id, ({ client, sdk }) =>
        client.send(new sdk.GetScheduleCommand({ Name: parts.name, GroupName: parts.place })),
      ),
    );
    if (answer === undefined) return undefined;
    const { $metadata: _answer, ...definition } = answer;
    return definition;
  }

  /** An update replaces everything: each field is sent again as it is, and compared afterwards. */
  async turn(id: string, on: boolean): Promise<void> {
    const before = await this.definition(id);
    if (before === undefined) throw gone(id);
    const State = on ? 'ENABLED' : 'DISABLED';
    if (before.State === State) return;
    const { Arn: _arn, CreationDate: _made, LastModificationDate: _changed, ...fields } = before;
    const input = { ...fields, State } as UpdateScheduleCommandInput;
    await this.#aws.ask('scheduler', 'UpdateSchedule', before.Arn ?? id, ({ client, sdk }) =>
      client.send(new sdk.UpdateScheduleCommand(input)),
    );
    const after = await this.definition(id);
    const changed = after === undefined ? ['all'] : differences(before, after).filter((name) => name !== 'State');
    if (after?.State === State && changed.length === 0) return;
    throw new JobctlError(
      'partial',
      changed.length > 0
        ? `The schedule ${id} is not what it was: ${changed.join(', ')} differ after the update. It may have been changed by somebody else meanwhile.`
        : `The schedule ${id} is still ${after?.State}.`,
      { next: [`aws scheduler get-schedule --name ${before.Name} --group-name ${before.GroupName}`] },
    );
  }

  async #feeding(one: ScheduleSummary, { queue, functions }: Targets): Promise<Feeder | undefined> {
    const arn = one.Target?.Arn ?? '';
    const calls = functions.get(arn);
    if (arn !== queue.arn && calls === undefined && !SENDS.test(arn)) return undefined;
    const definition = await this.definition(`schedule/${one.GroupName}/${one.Name}`);
    if (definition === undefined) return undefined;
    if (SENDS.test(arn) && !isSentTo(queue, definition.Target?.Input)) return undefined;
    return feederOf(definition, calls);
  }

  async #list(): Promise<ScheduleSummary[]> {
    const all: ScheduleSummary[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#aws.ask('scheduler', 'ListSchedules', '*', ({ client, sdk }) =>
        client.send(
          new sdk.ListSchedulesCommand({ MaxResults: 100, ...(NextToken === undefined ? {} : { NextToken }) }),
        ),
      );
      all.push(...(page.Schedules ?? []));
      NextToken = page.NextToken || undefined;
    } while (NextToken !== undefined);
    return all;
  }
}

const gone = (id: string): JobctlError =>
  new JobctlError('stale', `The schedule ${id} is not there any more.`, { next: ['jobctl schedule list'] });

const feederOf = (
  { GroupName, Name, State, ScheduleExpression, ScheduleExpressionTimezone: zone }: Definition,
  calls: string | undefined,
): Feeder => ({
  id: `schedule/${GroupName}/${Name}`,
  on: State !== 'DISABLED',
  when: `${ScheduleExpression}${zone === undefined || zone === 'UTC' ? '' : ` (${zone})`}`,
  ...(calls === undefined ? {} : { calls }),
});

function isSentTo(queue: Targets['queue'], input: string | undefined): boolean {
  try {
    const { QueueUrl } = JSON.parse(input ?? '') as { QueueUrl?: string };
    const ends = (url: string): string => url.split('/').slice(-2).join('/');
    return QueueUrl !== undefined && ends(QueueUrl) === ends(queue.url);
  } catch {
    return false;
  }
}

/** A field that was not set and is now what is usual was filled in by the service. */
function differences(before: Definition, after: Definition): string[] {
  const { LastModificationDate: _changed, ...fields } = before;
  return (Object.keys(fields) as (keyof typeof fields)[]).filter(
    (name) => !isDeepStrictEqual(before[name], after[name]),
  );
}
