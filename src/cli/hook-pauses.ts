import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { QueueEntry } from '../config/load.ts';
import { usesFound } from '../config/uses-found.ts';
import { JobctlError } from '../domain/errors.ts';
import type { PauseState, Pauses } from '../domain/pause.ts';

type Hook = NonNullable<QueueEntry['pause']>;

export interface HookPlace {
  readonly context: string;
  readonly timeoutMs: number;
  /** What a pause made from here found; tells also whether the queue is paused, where no status command does. */
  remembered(queue: string): Promise<{ readonly found: PauseState['found'] } | undefined>;
}

const POLL_MS = 500;

/** Pausing by commands of the team's own, such as `kubectl scale`. The shell sees values as variables, never as part of its text. */
export function hookPauses(hook: Hook, place: HookPlace): Pauses {
  const run = (queue: string, command: string, found = ''): Promise<string> =>
    shell(command, { queue, context: place.context, found }, place.timeoutMs);
  const look = async (queue: string): Promise<PauseState> => {
    const means = [`hook: ${hook.command}`];
    if (hook.status === undefined) return { paused: (await place.remembered(queue)) !== undefined, found: {}, means };
    const status = await run(queue, hook.status);
    return {
      paused: status === (hook.pausedWhen ?? '0'),
      found: { status },
      means: [`${means[0]} (now: ${status === '' ? 'nothing' : status})`],
    };
  };
  const settled = async (queue: string, paused: boolean): Promise<PauseState> => {
    const deadline = performance.now() + place.timeoutMs;
    for (;;) {
      const now = hook.status === undefined ? { paused, found: {}, means: [] } : await look(queue);
      if (now.paused === paused || performance.now() > deadline) return now;
      await sleep(POLL_MS);
    }
  };
  const permitResume = (queue: string, found?: PauseState['found']): void => {
    if (found?.['status'] === undefined && usesFound(hook.resume)) throw unknownFound(queue, hook);
  };
  return {
    look,
    permitResume,
    pause: async (queue) => {
      if (hook.status !== undefined && (await look(queue)).paused) return await look(queue);
      await run(queue, hook.command);
      return await settled(queue, true);
    },
    resume: async (queue, found) => {
      permitResume(queue, found);
      await run(queue, hook.resume, String(found?.['status'] ?? ''));
      return await settled(queue, false);
    },
  };
}

const unknownFound = (queue: string, hook: Hook): JobctlError =>
  new JobctlError('refused', `What a pause of ${queue} found is not known here: it was paused elsewhere.`, {
    next: [`Set $found yourself and run: ${hook.resume}`],
  });

/** Its stdout, trimmed. What runs over its time is stopped with all that it has started. */
async function shell(command: string, variables: Readonly<Record<string, string>>, timeoutMs: number): Promise<string> {
  const child = spawn('/bin/sh', ['-c', command], {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // Ctrl-C is ours to handle: a half-done command must not be cut off by it. And it leads a group of its own
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    if (child.pid !== undefined) killGroup(child.pid);
    // what has left the group may hold them open for ever
    child.stdout.destroy();
    child.stderr.destroy();
  }, timeoutMs);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', (ended) => resolve(ended)),
  ).finally(() => clearTimeout(timer));
  if (code === 0 && !isLate) return texts.stdout.trim();
  const why = isLate ? `did not end within ${timeoutMs / 1000} s` : `ended with ${code ?? 'a signal'}`;
  const said = texts.stderr.trim().split('\n').at(-1) ?? '';
  throw new JobctlError(isLate ? 'timeout' : 'unreachable', `${command}: ${why}. ${said}`.trim(), {
    next: ['Run the command by hand to see what it needs.', 'It is configured as contexts.NAME.queues.QUEUE.pause.'],
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has just ended by itself
  }
}
