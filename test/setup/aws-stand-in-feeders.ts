import { AwsFault, type AwsState, type Json, paged, type Route } from './aws-stand-in.ts';

export interface RuleState {
  readonly Name: string;
  readonly EventBusName: string;
  State: 'ENABLED' | 'DISABLED';
  readonly ScheduleExpression?: string;
  readonly ManagedBy?: string;
  /** ARNs. */
  readonly targets: readonly string[];
}

/** As Scheduler keeps it. */
export type ScheduleState = Json & { Name: string; GroupName: string; State: string; Target: { Arn: string } };

export function answerEvents(state: AwsState, name: string, body: Json): Json {
  const rule = (): RuleState => {
    const found = state.rules.find((one) => one.Name === body['Name'] && one.EventBusName === body['EventBusName']);
    if (found !== undefined) return found;
    throw new AwsFault('ResourceNotFoundException', `Rule ${String(body['Name'])} does not exist.`);
  };
  const turn = (State: RuleState['State']): Json => {
    const found = rule();
    if (found.ManagedBy !== undefined)
      throw new AwsFault('ManagedRuleException', `Rule ${found.Name} is managed by ${found.ManagedBy}.`);
    found.State = State;
    return {};
  };
  switch (name) {
    case 'ListEventBuses': {
      const buses = [...new Set(['default', ...state.rules.map((one) => one.EventBusName)])];
      const { page, next } = paged(buses, body['NextToken']);
      return { EventBuses: page.map((Name) => ({ Name })), NextToken: next };
    }
    case 'ListRuleNamesByTarget': {
      const all = state.rules.filter(
        (one) => one.EventBusName === body['EventBusName'] && one.targets.includes(String(body['TargetArn'])),
      );
      const { page, next } = paged(all, body['NextToken']);
      return { RuleNames: page.map(({ Name }) => Name), NextToken: next };
    }
    case 'DescribeRule': {
      const { targets: _targets, ...shown } = rule();
      return { ...shown };
    }
    case 'DisableRule':
      return turn('DISABLED');
    case 'EnableRule':
      return turn('ENABLED');
    default:
      throw new AwsFault('UnknownOperationException', name);
  }
}

/** Scheduler: an update replaces everything that it does not name by what is usual. */
export function answerScheduler(state: AwsState, method: string, url: URL, body: Json): Route | undefined {
  const [, kind, name] = url.pathname.split('/').map(decodeURIComponent);
  if (kind !== 'schedules') return undefined;
  if (name === undefined || name === '')
    return { action: 'scheduler:ListSchedules', on: '*', work: () => list(state, url) };
  const group = String(
    method === 'GET' ? (url.searchParams.get('groupName') ?? 'default') : (body['GroupName'] ?? 'default'),
  );
  const on = `arn:aws:scheduler:eu-test-1:000000000000:schedule/${group}/${name}`;
  const found = (): ScheduleState => {
    const one = state.schedules.find((each) => each.Name === name && each.GroupName === group);
    if (one !== undefined) return one;
    throw new AwsFault('ResourceNotFoundException', `Schedule ${name} does not exist.`, 404);
  };
  const names = { Name: name, GroupName: group };
  if (method === 'GET')
    return {
      action: 'scheduler:GetSchedule',
      on,
      names,
      work: () => ({ ...found(), Arn: on, CreationDate: 1, LastModificationDate: 2 }),
    };
  return {
    action: 'scheduler:UpdateSchedule',
    on,
    names,
    work: () => {
      const { ClientToken: _token, ...fields } = body;
      const index = state.schedules.indexOf(found());
      state.schedules[index] = {
        ScheduleExpressionTimezone: 'UTC',
        State: 'ENABLED',
        ActionAfterCompletion: 'NONE',
        ...fields,
        ...names,
      } as unknown as ScheduleState;
      return { ScheduleArn: on };
    },
  };
}

function list(state: AwsState, url: URL): Json {
  const { page, next } = paged(state.schedules, url.searchParams.get('NextToken') ?? undefined);
  return {
    Schedules: page.map(({ Name, GroupName, State, Target }) => ({
      Name,
      GroupName,
      State,
      Target: { Arn: Target.Arn },
    })),
    NextToken: next,
  };
}
