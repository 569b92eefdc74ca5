import type { Report } from '../domain/plan.ts';
import { plural } from './count-text.ts';

/** Of a queue that the backend emptied in one call: what is known of it. `counts`: what was dealt with job by job before. */
export function emptiedText({ emptied, outcomes, matched }: Report, counts: string): string {
  if (emptied === undefined) return counts;
  return outcomes.done === 0
    ? `the queue was emptied, about ${plural(matched, 'job')} by the count before`
    : `${counts}; then the rest of the queue, uncounted`;
}
