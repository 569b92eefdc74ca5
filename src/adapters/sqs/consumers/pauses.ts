import { JobctlError } from '../../../domain/errors.ts';
import type { PauseScope, PauseState, Pauses, Waits } from '../../../domain/pause.ts';
import type { Directory, Queue } from '../directory.ts';
import type { Feeder } from '../feeders/feeder.ts';
import type { Feeders } from '../feeders/index.ts';
import { inParallel } from '../in-parallel.ts';
import { functionName, isOn, type Mapping, type Mappings } from './mappings.ts';

const AT_ONCE = 5;

/** What a pause found, as it lies in the run's plan. */
interface Found {
  readonly mappings: readonly { readonly uuid: string; readonly on: boolean }[];
  /** Only where they belong to the pause. */
  readonly feeders?: readonly { readonly id: string; readonly on: boolean }[] | undefined;
}

interface Parts {
  readonly directory: Directory;
  readonly mappings: Mappings;
  readonly feeders: Feeders;
}

const BESIDE =
  'Consumers other than Lambda are not seen by SQS, and go on: containers and servers have to be scaled to 0 as well.';
const SLOW =
  'Lambda stops within a minute or so; invocations that run go on to their end and delete what they have done.';

/** Pausing the Lambda consumers of a queue, and with `schedules` also what feeds it. */
export function pauses({ directory, mappings, feeders }: Parts): Pauses {
  const feedersOf = async (queue: Queue, wanted: boolean): Promise<readonly Feeder[] | undefined> =>
    wanted ? ((await feeders.of([queue])).get(queue.name) ?? []) : undefined;

  const look = async (name: string, scope: PauseScope = {}): Promise<PauseState> => {
    const queue = await directory.mustBe(name);
    const past = scope.found as Found | undefined;
    const all = (await inParallel(await mappings.of(queue.arn), AT_ONCE, (one) => mappings.settled(one))).filter(
      (one) => one !== undefined,
    );
    const fed = await feedersOf(queue, scope.schedules === true || past?.feeders !== undefined);
    if (all.length === 0 && (fed === undefined || fed.length === 0)) throw noConsumer(name);
    return past === undefined ? asItIs(all, fed) : asItWas(all, fed, past);
  };

  const turnFeeders = async (found: Found | undefined, on: boolean): Promise<void> => {
    // one at a time: should one fail, it is known how far it came
    for (const { id, on: wasOn } of found?.feeders ?? []) {
      const now = wasOn ? await feeders.get(id) : undefined;
      if (now !== undefined && now.on !== on) await feeders.turn(id, on);
    }
  };

  const turnAll = (all: readonly Mapping[], on: boolean, waits: Waits | undefined): Promise<unknown> => {
    const wanted = on ? 'Enabled' : 'Disabled';
    const open = new Map(all.map((one) => [one.UUID, one]));
    const tell = (now: Mapping): void => {
      open.set(now.UUID, now);
      const late = [...open.values()].filter(({ State }) => State !== wanted);
      if (late.length > 0) waits?.(`until ${wanted}: ${late.map(stateOf).join(', ')}`);
    };
    return inParallel(all, AT_ONCE, (one) => mappings.turn(one, on, tell));
  };

  return {
    schedules: true,
    look,
    async pause(name, found, waits) {
      const queue = await directory.mustBe(name);
      await turnFeeders(found as Found | undefined, false);
      const running = (await mappings.of(queue.arn)).filter(({ State }) => State !== 'Disabled');
      await turnAll(running, false, waits);
      return await look(name, { schedules: (found as Found | undefined)?.feeders !== undefined });
    },
    async resume(name, found, waits) {
      const queue = await directory.mustBe(name);
      const past = found as Found | undefined;
      const wanted = past && new Set(past.mappings.filter(({ on }) => on).map(({ uuid }) => uuid));
      const stopped = (await mappings.of(queue.arn)).filter(
        ({ UUID, State }) => State !== 'Enabled' && (wanted?.has(UUID) ?? true),
      );
      await turnAll(stopped, true, waits);
      await turnFeeders(past, true);
      return await look(name, found === undefined ? {} : { found });
    },
  };
}

function asItIs(all: readonly Mapping[], fed: readonly Feeder[] | undefined): PauseState {
  const found: Found = {
    mappings: all.map((one) => ({ uuid: one.UUID, on: isOn(one) })),
    ...(fed === undefined ? {} : { feeders: fed.map((one) => ({ id: one.id, on: isOurs(one) })) }),
  };
  const managed = (fed ?? []).filter(({ managedBy, on }) => managedBy !== undefined && on);
  return {
    paused: all.every(({ State }) => State === 'Disabled') && !(fed ?? []).some(isOurs),
    found: { ...found },
    means: meansOf(all, fed),
    warnings: [
      ...(all.length === 0 ? [] : [SLOW]),
      BESIDE,
      ...managed.map(({ id, managedBy }) => `${id} is managed by ${managedBy}, which alone can stop it.`),
    ],
  };
}

/** On, and not kept so by an AWS service that would refuse. */
const isOurs = ({ on, managedBy }: Feeder): boolean => on && managedBy === undefined;

/** Only what the pause had stopped counts: the others are left as they were found. */
function asItWas(all: readonly Mapping[], fed: readonly Feeder[] | undefined, found: Found): PauseState {
  const mapping = new Map(all.map((one) => [one.UUID, one]));
  const feeder = new Map((fed ?? []).map((one) => [one.id, one]));
  const off = new Set(found.mappings.filter(({ on }) => !on).map(({ uuid }) => uuid));
  const stopped = found.mappings.filter(({ on }) => on);
  const still = stopped.filter(({ uuid }) => mapping.has(uuid) && mapping.get(uuid)?.State !== 'Enabled');
  const stillOff = (found.feeders ?? []).filter(({ id, on }) => on && feeder.get(id)?.on === false);
  const nameOf = (uuid: string): string => {
    const one = mapping.get(uuid);
    return one === undefined ? uuid : `${uuid} of ${functionName(one)}`;
  };
  return {
    paused: still.length + stillOff.length > 0,
    found: { ...found },
    means: meansOf(
      all.filter(({ UUID }) => !off.has(UUID)),
      (found.feeders ?? []).flatMap(({ id, on }) => (on ? (feeder.get(id) ?? []) : [])),
    ),
    warnings: [
      ...stopped
        .filter(({ uuid }) => mapping.get(uuid)?.State === 'Enabled' && still.length + stillOff.length > 0)
        .map(({ uuid }) => `The mapping ${nameOf(uuid)} was enabled again by somebody else, perhaps a deploy.`),
      ...stopped.filter(({ uuid }) => !mapping.has(uuid)).map(({ uuid }) => `The mapping ${uuid} is gone.`),
      ...[...off]
        .filter((uuid) => mapping.has(uuid))
        .map((uuid) => `The mapping ${nameOf(uuid)} stays as it is: the pause had found it disabled.`),
    ],
  };
}

const stateOf = (one: Mapping): string => `the mapping of ${functionName(one)} is ${one.State}`;

const meansOf = (all: readonly Mapping[], fed: readonly Feeder[] = []): string[] => [
  ...all.map((one) => `mapping ${one.UUID} of function ${functionName(one)} (${one.State})`),
  ...fed.map(
    ({ id, on, when, calls }) =>
      `${id}, ${when}${calls === undefined ? '' : `, calls ${calls}`} (${on ? 'on' : 'off'})`,
  ),
];

const noConsumer = (queue: string): JobctlError =>
  new JobctlError(
    'unsupported',
    `No Lambda function consumes ${queue}, and SQS has no pause of its own: only its consumers can stop.`,
    {
      next: [
        'Scale the consumers to 0: aws ecs update-service --desired-count 0, kubectl scale --replicas=0',
        `To do that from here, name the commands in contexts.NAME.queues.${queue}.pause of jobctl.yaml.`,
        `jobctl drain ${queue} --evacuate   # takes what waits out of their way`,
      ],
    },
  );
