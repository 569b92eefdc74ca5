import { type Dice, dice } from './dice.ts';
import * as life from './life.ts';
import { day, hour, type Life, minute, second } from './life.ts';
import { tenants, unreachableTenant } from './payloads.ts';
import { deliver, greet, type StoryJob, send, write } from './story-job.ts';

/** Of a service that sends mail, delivers webhooks and writes exports for a few shops. Times as in {@link Life}. */
export const moments = {
  begins: -5 * day,
  hostGone: -26 * hour,
  /** An earlier crash, whose worker row was cleaned up long ago. */
  earlierCrash: -7 * hour,
  badDeploy: -5 * hour,
  outage: { from: -190 * minute, to: -140 * minute },
  /** From here on the webhooks pile up: every second slot waits for the host that is gone. */
  webhooksPileUp: -95 * minute,
  crash: -12 * minute,
} as const;

/** The oldest first, as the queue would have numbered them. The same every time. */
export function story(): StoryJob[] {
  const fate = dice(20_260_301);
  const chapters = [quietDays, outage, badTemplate, goneHost, crash, backlog, ahead];
  return chapters.flatMap((chapter) => chapter(fate)).toSorted((a, b) => createdAt(a) - createdAt(b));
}

const createdAt = ({ life }: StoryJob): number => life.events[0]?.at ?? 0;

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const between = (d: Dice, from: number, to: number): number => Math.round(from + d.roll() * (to - from));

/** Days are busy, nights are not. */
function busyTime(d: Dice, from: number, to: number): number {
  for (;;) {
    const at = between(d, from, to);
    if (d.roll() < 0.6 + 0.4 * Math.sin((2 * Math.PI * at) / day)) return at;
  }
}

/** Thousands of jobs that went well. */
function quietDays(d: Dice): StoryJob[] {
  const { begins, outage: bad, webhooksPileUp, crash: end } = moments;
  const sent = (at: number): Life => life.completed(at, at + d.whole(200, 2500), d.whole(90, 700));
  const mailEnds = end - minute;
  return [
    ...times(2100, () => send(d, 'receipt-v1', sent(busyTime(d, begins, mailEnds)))),
    ...times(540, () => greet(d, sent(busyTime(d, begins, bad.from - 5 * minute)))),
    ...times(40, () => greet(d, sent(busyTime(d, bad.to + 10 * minute, mailEnds)))),
    ...times(1500, () => {
      const at = busyTime(d, begins, webhooksPileUp);
      return deliver(d, d.pick(tenants), life.completed(at, at + webhookLag(d, at), d.whole(60, 900)));
    }),
    ...times(260, () => {
      const at = busyTime(d, begins, -hour);
      return write(d, d.pick(tenants), life.completed(at, at + d.whole(1000, 20_000), d.whole(4, 95) * second));
    }),
    ...times(6, () => {
      const at = busyTime(d, begins, -2 * hour);
      return write(d, d.pick(tenants), life.cancelled(at, at + d.whole(5, 90) * second));
    }),
  ];
}

/** How long a webhook waited: seconds, until the pile-up announced itself. */
function webhookLag(d: Dice, at: number): number {
  const slowFrom = -3 * hour;
  if (at < slowFrom) return d.whole(800, 4000);
  return d.whole(0, 30) * second + (80 * minute * (at - slowFrom)) / (moments.webhooksPileUp - slowFrom);
}

/** Cause 1: the provider of the welcome mails was down while a campaign brought a wave of sign-ups. It is back. */
function outage(d: Dice): StoryJob[] {
  const jobs = times(214, () => {
    const at = between(d, moments.outage.from, moments.outage.to);
    return greet(d, life.dead(at, at + d.whole(200, 2500), d.whole(5, 9) * second));
  });
  const [first, ...others] = jobs;
  if (first === undefined) return jobs;
  // this user asked for the mail again: while that one waits, the dead job must not be put back beside it
  const queueingLock = `welcome:${(first.args as { user_id: string }).user_id}`;
  const twin = { ...first, queueingLock, life: life.scheduled(moments.crash - 30 * minute, 8 * hour) };
  return [{ ...first, queueingLock }, ...others, twin];
}

/** Cause 2: a part of the receipts got a template that cannot be filled in. It is still deployed. */
function badTemplate(d: Dice): StoryJob[] {
  const last = moments.crash - minute - life.timeToDie(second);
  return times(121, (i) => {
    const at = i === 0 ? moments.badDeploy + minute : between(d, moments.badDeploy, last);
    return send(d, 'receipt-v2', life.dead(at, at + d.whole(200, 2500), d.whole(90, 400)));
  });
}

/** Cause 3: the host that one shop's webhooks go to is gone, and every attempt waits for its time-out. */
const goneHost = (d: Dice): StoryJob[] =>
  times(78, () => {
    const at = between(d, moments.hostGone, -110 * minute);
    return deliver(d, unreachableTenant, life.dead(at, at + webhookLag(d, at), 10 * second));
  });

/** Jobs in the hands of a worker when it went. */
function crash(d: Dice): StoryJob[] {
  const taken = (at: number): Life =>
    life.active(between(d, at - 40 * second, at - 31 * second), between(d, at - 30 * second, at));
  const held = [
    ...times(4, () => greet(d, taken(moments.crash))),
    ...times(2, () => send(d, 'receipt-v1', taken(moments.crash))),
    ...times(2, () =>
      deliver(
        d,
        d.pick(tenants),
        life.active(moments.webhooksPileUp - minute, between(d, moments.crash - 30 * second, moments.crash)),
      ),
    ),
    write(d, 'initech', life.active(-50 * minute, moments.crash - 70 * second)),
  ];
  const orphans = times(3, () => greet(d, taken(moments.earlierCrash)));
  return [...held.map((job) => ({ ...job, heldByCrashed: true })), ...orphans];
}

/** What nobody takes any more. Two exports wait in line behind the one that is stuck. */
function backlog(d: Dice): StoryJob[] {
  const lately = (): number => between(d, moments.crash, -second);
  return [
    ...times(22, () => send(d, 'receipt-v1', life.waiting(lately()))),
    ...times(8, () => send(d, 'receipt-v2', life.waiting(lately()))),
    ...times(11, () => greet(d, life.waiting(lately()))),
    ...times(164, (i) => {
      const tenant = i % 5 < 2 ? unreachableTenant : d.pick(tenants);
      return deliver(d, tenant, life.waiting(Math.round(moments.webhooksPileUp * d.roll() ** 1.5)));
    }),
    ...times(7, () => write(d, d.pick(['acme', 'hooli', 'umbrella']), life.waiting(lately()))),
    write(d, 'initech', life.waiting(-41 * minute)),
    write(d, 'initech', life.waiting(-26 * minute)),
  ];
}

/** What is planned: exports for the morning, and three webhooks whose receiver asked to come back later. */
const ahead = (d: Dice): StoryJob[] => [
  ...times(4, (i) => write(d, tenants[i] ?? 'acme', life.scheduled(-6 * hour, (5 + 6 * i) * hour))),
  ...times(3, (i) => {
    const at = moments.webhooksPileUp - (i + 2) * minute;
    return deliver(d, 'umbrella', life.retrying(at, at + 75 * minute, 300, (9 + 4 * i) * minute));
  }),
];
