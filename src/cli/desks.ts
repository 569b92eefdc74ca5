import { parseDuration } from '../config/duration.ts';
import { openDesk } from './desk.ts';
import { findContext, type SessionFlags } from './session.ts';

export interface DeskFlags extends Omit<SessionFlags, 'context'> {
  readonly context?: readonly string[] | undefined;
}

/** Milliseconds between two looks; more than one a second nobody can read. */
export const intervalOf = (every: string): number => Math.max(1, parseDuration(every)) * 1000;

/** One desk a context. Names are resolved now, backends are reached later. */
export async function openDesks(flags: DeskFlags) {
  const { context: names = [], ...rest } = flags;
  const asked: SessionFlags[] =
    names.length === 0 ? [rest] : [...new Set(names)].map((context) => ({ ...rest, context }));
  const desks: ReturnType<typeof openDesk>[] = [];
  for (const one of asked) {
    const { context, stateDir } = await findContext(one);
    desks.push(openDesk(context, one, stateDir));
  }
  return desks;
}
