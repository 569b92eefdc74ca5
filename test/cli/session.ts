import type { Session } from '../../src/cli/session.ts';
import type { Context } from '../../src/config/context.ts';
import type { Pace } from '../../src/operations/ports.ts';
import type { Stage } from '../operations/stage.ts';

const context: Context = {
  name: 'test',
  url: 'memory:',
  origin: 'a test',
  protected: false,
  readOnly: false,
  redact: {},
  queues: {},
  jobTypes: {},
};

/** A session on the stage's backend, as the composition root would make it. */
export const sessionOf = (stage: Stage, more: Partial<Context> = {}): Session => ({
  context: { ...context, ...more },
  reader: stage.adapter,
  adapter: stage.adapter,
  slowed: () => stage.adapter,
  stateDir: stage.stateDir,
  redact: (value) => value,
  [Symbol.asyncDispose]: async () => {},
});

export const pace: Pace = { dryRun: false, batch: 5, signal: new AbortController().signal };
