import type { SQSClient } from '@aws-sdk/client-sqs';
import { isThrottle } from './errors.ts';

/** Counts the calls that were refused for too many, also those that the SDK tries again by itself. */
export class Throttles {
  #count = 0;

  watch(client: SQSClient): void {
    client.middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          if (isThrottle(error)) this.#count += 1;
          throw error;
        }
      },
      // outermost of one attempt: by then the answer has become an error
      { step: 'deserialize', priority: 'high', name: 'countThrottles' },
    );
  }

  /** Since it was asked last. */
  pain(): string | undefined {
    const count = this.#count;
    this.#count = 0;
    if (count === 0) return undefined;
    return `SQS throttles, ${count} ${count === 1 ? 'call was' : 'calls were'} too many`;
  }
}
