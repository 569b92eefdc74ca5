import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../config/context.ts';
import type { Plan } from '../domain/plan.ts';
import type { Ports } from '../operations/ports.ts';
import { eventOf, type Notice, type NoticeEvent, noticeEvents, noticeText } from '../output/notice-text.ts';
import { maskSecrets } from '../safety/mask.ts';
import { operator } from '../safety/operator.ts';

const TIMEOUT_MS = 5000;
const BETWEEN_MS = 250;
const TRIES = 2;

export interface NotifyOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly say: (text: string) => void;
  /** Of one try. */
  readonly timeoutMs?: number | undefined;
}

/**
 * The same ports, telling the webhook of the configuration of each run that somebody was shown: what a run does on the side,
 * such as the cleaning up after a smoke test, is not told. A webhook that does not answer costs at most its two tries.
 */
export function announced(ports: Ports, { notify }: Pick<Context, 'notify'>, options: NotifyOptions): Ports {
  if (notify === undefined) return ports;
  const on: ReadonlySet<NoticeEvent> = new Set(notify.on ?? noticeEvents);
  const channel = channelFor(notify.webhook, options);
  const told = new Set<string>();
  const by = ((who) => `${who.user}@${who.host}`)(operator(options.env));
  const key = ({ verb, queues, madeAt }: Plan): string => [verb, madeAt, ...queues].join('\n');
  const post = (notice: Notice): Promise<void> =>
    on.has(notice.event) && told.has(key(notice.plan))
      ? channel.post(maskSecrets(noticeText(notice, by)))
      : Promise.resolve();
  return {
    ...ports,
    show: {
      ...ports.show,
      plan: (plan, dryRun) => {
        told.add(key(plan));
        ports.show.plan(plan, dryRun);
      },
    },
    open: async (plan) => {
      const run = await ports.open(plan);
      // not waited for: the run begins at once
      if (plan.task.kind !== 'switch') void post({ event: 'start', plan, run: run.id });
      return run;
    },
    audit: async (plan, run, ended) => {
      await ports.audit(plan, run, ended);
      await post({ event: eventOf(plan, ended), plan, ended });
    },
  };
}

interface Channel {
  /** Never throws. Messages keep their order. */
  post(text: string): Promise<void>;
}

function channelFor(reference: string, { env, say, timeoutMs = TIMEOUT_MS }: NotifyOptions): Channel {
  const url = env[reference.slice(2, -1)];
  let last: Promise<unknown> = Promise.resolve();
  let silent = false;
  let waiting = 0;
  const complain = (why: string): void => {
    if (!silent) say(`Not told to ${reference}: ${why}. The run is not affected.`);
    silent = true;
  };
  const send = async (text: string): Promise<void> => {
    const why = url === undefined || url === '' ? 'the variable is not set' : await sent(url, text, timeoutMs);
    if (why !== undefined) complain(why);
  };
  return {
    post: (text) => {
      // what is still on its way when the run ends already has failed once: its end is not tried on top
      const late = waiting > 0;
      waiting += 1;
      const before = last;
      const now = before
        .then(() => (late && silent ? undefined : send(text)))
        .finally(() => {
          waiting -= 1;
        });
      last = now;
      return now;
    },
  };
}

/** Why it did not get there; undefined when it did. */
async function sent(url: string, text: string, timeoutMs: number): Promise<string | undefined> {
  let why: string | undefined;
  for (let tries = 1; tries <= TRIES; tries += 1) {
    if (tries > 1) await sleep(BETWEEN_MS);
    const answer = await posted(url, text, timeoutMs);
    if (answer === undefined) return undefined;
    why = answer.why;
    if (answer.final) break;
  }
  return why;
}

async function posted(
  url: string,
  text: string,
  timeoutMs: number,
): Promise<{ why: string; final: boolean } | undefined> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    await response.body?.cancel();
    if (response.ok) return undefined;
    return { why: `it answered ${response.status}`, final: response.status < 500 && response.status !== 429 };
  } catch (error) {
    // the message of a failed fetch may hold the address, which is a secret
    const name = (error as Error).name;
    if (name === 'TimeoutError') return { why: `no answer within ${timeoutMs / 1000} s`, final: false };
    const code = ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code;
    return {
      why: code === undefined ? 'it is no address that can be reached' : `it cannot be reached (${code})`,
      final: false,
    };
  }
}
