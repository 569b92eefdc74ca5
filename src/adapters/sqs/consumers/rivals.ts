import { setTimeout as sleep } from 'node:timers/promises';
import { JobctlError } from '../../../domain/errors.ts';
import type { Queue } from '../directory.ts';
import { functionName, isOn, type Mappings } from './mappings.ts';

/** A plan must not hang on what it only warns of. */
const MOST_MS = 4_000;

/** Who else takes messages from the queue while they are taken out of it, in a sentence each. */
export async function rivals(mappings: Mappings, { name, arn, inFlight }: Queue): Promise<string[]> {
  const late = new AbortController();
  try {
    const all = await Promise.race([mappings.of(arn), sleep(MOST_MS, undefined, { signal: late.signal })]);
    if (all === undefined) return [unseen(name, 'Lambda gave no answer in time')];
    const on = all.filter(isOn);
    if (on.length > 0)
      return on.map(
        (one) =>
          `Function ${functionName(one)} takes messages of ${name} meanwhile (mapping ${one.UUID}, ${one.State}), and works on what it gets first. To stop it before: jobctl pause ${name}`,
      );
    if (inFlight === 0) return [];
    const who = all.length === 0 ? 'no Lambda function consumes it' : 'its Lambda consumers are stopped';
    return [
      `Another consumer of ${name} may be active: ${who}, and about ${inFlight} of its messages are in flight. Scale it to 0 first.`,
    ];
  } catch (error) {
    if (!(error instanceof JobctlError)) throw error;
    // an emulator that is only an SQS
    return error.kind === 'unsupported' ? [] : [unseen(name, error.message.replace(/\.$/, ''))];
  } finally {
    late.abort();
  }
}

const unseen = (name: string, why: string): string =>
  `Whether a function takes messages of ${name} meanwhile could not be seen: ${why}.`;
