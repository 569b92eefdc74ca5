import { once } from 'node:events';
import { Flags, type Interfaces } from '@oclif/core';
import type { QueueReader } from '../domain/adapter.ts';
import type { Job, JobState } from '../domain/job.ts';
import { matcher, type Selection } from '../domain/selection.ts';
import { type JobView, jobView } from '../output/job-view.ts';
import { jobsText } from '../output/jobs-text.ts';
import { safeJson } from '../safety/safe-json.ts';
import { JobctlCommand } from './base-command.ts';
import { compileTests, isNarrowed, readSelection } from './criteria.ts';
import { selectionFlags, showFlags } from './flags.ts';
import { knownQueues, type Session } from './session.ts';
import { refuseUntoldStates } from './untold.ts';

/** Enough to look at; who wants all of them takes --ndjson or an export. */
const LIMIT = 50;
const PAGE = 500;

export type ListFlags = Interfaces.InferredFlags<typeof ListCommand.baseFlags>;

export interface ListRequest {
  /** All of them when missing. */
  readonly queue: string | undefined;
  readonly states: readonly JobState[];
  readonly stuck?: boolean | undefined;
  readonly resolved?: true | undefined;
  /** For the empty list: `dead jobs in email`. */
  readonly what: string;
  readonly next: readonly string[];
}

/** What `job list` and `dlq list` share: select, page, print. */
export abstract class ListCommand extends JobctlCommand {
  static override baseFlags = {
    ...JobctlCommand.baseFlags,
    ...selectionFlags,
    ...showFlags,
    limit: Flags.integer({ summary: `At most this many; ${LIMIT} unless --ndjson.`, min: 1 }),
    oldest: Flags.boolean({ summary: 'Oldest first, instead of newest.' }),
    ndjson: Flags.boolean({ summary: 'One JSON job a line, all that match, as they come.', exclusive: ['json'] }),
  };

  protected async list(
    flags: ListFlags,
    { queue, states, stuck, resolved, what, next }: ListRequest,
  ): Promise<{ jobs: JobView[]; more: boolean }> {
    const command = this.words(queue === undefined ? [] : [queue]);
    await using session = await this.openToLook(flags, (backend) =>
      refuseUntoldStates(backend, { states, command, narrowed: isNarrowed(flags), ...(stuck && { of: [] }) }),
    );
    const { reader } = session;
    const queues = queue === undefined ? await knownQueues(reader, []) : [queue];
    const selection = {
      ...(await readSelection(flags, queues, states, reader)),
      ...(stuck === true ? { stuck } : {}),
      ...(resolved === true ? { resolved } : {}),
    };
    if (flags.ndjson) {
      let none = true;
      // Node takes the closed pipe of stdout back into use: it must be remembered here, or all the rest is read for nobody.
      const closed = new AbortController();
      process.stdout.once('error', () => closed.abort());
      for await (const job of this.found(session, selection, flags)) {
        none = false;
        if (closed.signal.aborted) break;
        if (!process.stdout.write(`${safeJson(jobView(job, session.redact))}\n`))
          await once(process.stdout, 'drain', { signal: closed.signal }).catch(() => closed.abort());
      }
      if (none) await refuseUnknown(reader, queue);
      return { jobs: [], more: await this.missedSome(reader, selection, flags) };
    }
    const limit = flags.limit ?? LIMIT;
    const jobs: JobView[] = [];
    let more = false;
    for await (const job of this.found(session, selection, { ...flags, limit: limit + 1 })) {
      if (jobs.length < limit) jobs.push(jobView(job, session.redact));
      else more = true;
    }
    if (!more) more = await this.missedSome(reader, selection, flags);
    if (jobs.length === 0) await refuseUnknown(reader, queue);
    this.print(
      jobsText(
        {
          jobs,
          more,
          what,
          now: await reader.now(),
          next: jobs.length === 0 ? [] : this.following(next),
          order: reader.backend.priority,
        },
        this.page(flags),
      ),
    );
    return { jobs, more };
  }

  private async *found(
    session: Session,
    selection: Selection,
    flags: { limit?: number | undefined; oldest: boolean },
  ): AsyncGenerator<Job> {
    const fits = matcher(selection, await compileTests(selection));
    let left = flags.limit ?? Number.POSITIVE_INFINITY;
    for await (const page of session.reader.browse(selection, {
      size: Math.min(PAGE, left),
      order: flags.oldest ? 'oldest' : 'newest',
    })) {
      for (const job of page) {
        if (!fits(job)) continue;
        yield job;
        if (--left <= 0) return;
      }
    }
  }
}

/** A queue that held a job is there; only an empty answer may be a slip of the pen. */
async function refuseUnknown(reader: QueueReader, queue: string | undefined): Promise<void> {
  if (queue !== undefined) await knownQueues(reader, [queue]);
}
