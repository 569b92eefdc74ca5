import { JobctlError } from '../../../domain/errors.ts';
import { type Aws, ifThere } from '../aws.ts';
import { type Patience, polled } from '../consumers/patience.ts';
import { inParallel } from '../in-parallel.ts';
import { type Feeder, partsOf, type Targets } from './feeder.ts';

const AT_ONCE = 5;

/** EventBridge rules. They can be looked up by what they send to, one bus at a time. */
export class Rules {
  readonly #aws: Aws;
  readonly #patience: Patience;
  #buses: Promise<string[]> | undefined;

  constructor(aws: Aws, patience: Patience) {
    this.#aws = aws;
    this.#patience = patience;
  }

  async of({ queue, functions }: Targets): Promise<Feeder[]> {
    this.#buses ??= this.#listBuses();
    const wanted = (await this.#buses).flatMap((bus) =>
      [[queue.arn, undefined] as const, ...functions].map(([arn, calls]) => ({ bus, arn, calls })),
    );
    const found = await inParallel(wanted, AT_ONCE, async ({ bus, arn, calls }) =>
      inParallel(await this.#namesFor(arn, bus), AT_ONCE, (name) => this.#describe(bus, name, calls)),
    );
    const byId = new Map(found.flat().flatMap((rule) => (rule === undefined ? [] : [[rule.id, rule]])));
    return [...byId.values()];
  }

  /** Undefined when it is gone. */
  async get(id: string): Promise<Feeder | undefined> {
    const parts = partsOf(id, 'rule');
    return parts && (await this.#describe(parts.place, parts.name, undefined));
  }

  /** The service takes a moment; it is waited for. */
  async turn(id: string, on: boolean): Promise<void> {
    const { place: EventBusName, name: Name } = partsOf(id, 'rule') ?? { place: '', name: id };
    await this.#aws.ask('events', on ? 'EnableRule' : 'DisableRule', id, ({ client, sdk }) =>
      on
        ? client.send(new sdk.EnableRuleCommand({ Name, EventBusName }))
        : client.send(new sdk.DisableRuleCommand({ Name, EventBusName })),
    );
    const now = await polled(
      this.#patience,
      () => this.get(id),
      (rule) => rule?.on === on,
    );
    if (now?.on === on) return;
    throw new JobctlError('timeout', `The rule ${id} still is ${on ? 'off' : 'on'}.`, {
      next: [`aws events describe-rule --event-bus-name ${EventBusName} --name ${Name}`],
    });
  }

  async #describe(bus: string, name: string, calls: string | undefined): Promise<Feeder | undefined> {
    const rule = await ifThere(
      this.#aws.ask('events', 'DescribeRule', `${bus}/${name}`, ({ client, sdk }) =>
        client.send(new sdk.DescribeRuleCommand({ Name: name, EventBusName: bus })),
      ),
    );
    return (
      rule && {
        id: `rule/${bus}/${name}`,
        on: rule.State !== 'DISABLED',
        when: rule.ScheduleExpression ?? 'on events',
        ...(calls === undefined ? {} : { calls }),
        ...(rule.ManagedBy === undefined ? {} : { managedBy: rule.ManagedBy }),
      }
    );
  }

  async #namesFor(TargetArn: string, EventBusName: string): Promise<string[]> {
    const names: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#aws.ask('events', 'ListRuleNamesByTarget', EventBusName, ({ client, sdk }) =>
        client.send(
          new sdk.ListRuleNamesByTargetCommand({
            TargetArn,
            EventBusName,
            ...(NextToken === undefined ? {} : { NextToken }),
          }),
        ),
      );
      names.push(...(page.RuleNames ?? []));
      NextToken = page.NextToken || undefined;
    } while (NextToken !== undefined);
    return names;
  }

  async #listBuses(): Promise<string[]> {
    const names: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#aws.ask('events', 'ListEventBuses', '*', ({ client, sdk }) =>
        client.send(new sdk.ListEventBusesCommand(NextToken === undefined ? {} : { NextToken })),
      );
      names.push(...(page.EventBuses ?? []).flatMap(({ Name }) => Name ?? []));
      NextToken = page.NextToken || undefined;
    } while (NextToken !== undefined);
    return names;
  }
}
