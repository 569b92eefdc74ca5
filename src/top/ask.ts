import type { JobDetail } from '../domain/job.ts';
import { matcher, type Selection } from '../domain/selection.ts';
import { groupDead } from '../operations/group-dead.ts';
import { type JobDetailView, jobDetailView, jobView } from '../output/job-view.ts';
import { errorLine } from '../output/jobs-text.ts';
import type { Desk } from './desk.ts';
import type { Answer, Question } from './messages.ts';
import type { JobLine } from './model.ts';
import { smooth } from './smooth.ts';
import { Surroundings } from './surroundings.ts';

/** Dead jobs that are grouped before more are asked for. */
const SCAN = 20_000;
const PAGE = 500;

/** A walk over dead jobs that stands still until its screen wants more. */
interface Walk {
  readonly jobs: JobLine[];
  readonly next: AsyncIterator<JobLine>;
  over: boolean;
}

/** Answers what the screens ask. What it has to remember between two questions goes with the screen's ticket. */
export class Answers {
  readonly #walks = new Map<number, Walk>();
  readonly #surroundings = new Surroundings();

  async ask(desk: Desk, ticket: number, question: Question): Promise<Answer> {
    switch (question.kind) {
      case 'queue':
        return await this.#queue(desk, ticket, question.queue);
      case 'dead':
        return await dead(desk, question);
      case 'jobs':
        return await this.#jobs(desk, ticket, question);
      case 'preview':
        return { kind: 'preview', id: question.id, detail: (await found(desk, question)).detail };
      case 'job':
        return { kind: 'job', ...(await found(desk, question)) };
      case 'runs': {
        const runs = await desk.runs();
        return { kind: 'runs', runs, now: await clockOf(desk) };
      }
      case 'run':
        return { kind: 'run', shown: await desk.run(question.id, await clockOf(desk)) };
    }
  }

  forget(ticket: number): void {
    this.#surroundings.forget(ticket);
    const walk = this.#walks.get(ticket);
    this.#walks.delete(ticket);
    void walk?.next.return?.().catch(() => {});
  }

  async #queue(desk: Desk, ticket: number, queue: string): Promise<Answer> {
    const reader = await desk.reader();
    const queues = [queue];
    const [byType] = await reader.stats({ queues, by: 'type' });
    if (byType === undefined) throw new Error(`There is no queue ${queue} any more.`);
    const [byLane] = await reader.stats({ queues, by: 'lane' });
    const facts = {
      stats: byType,
      byType: byType.by,
      byLane: byLane?.by,
      ...(await this.#surroundings.of(ticket, reader, queue)),
      runs: (await desk.runs(queue)).slice(0, RUNS),
      now: await reader.now(),
    };
    return { kind: 'queue', facts };
  }

  async #jobs(desk: Desk, ticket: number, question: Extract<Question, { kind: 'jobs' }>): Promise<Answer> {
    if (question.fresh) this.forget(ticket);
    const reader = await desk.reader();
    let walk = this.#walks.get(ticket);
    if (walk === undefined) {
      walk = { jobs: [], next: walkOver(desk, question), over: false };
      this.#walks.set(ticket, walk);
    }
    while (!walk.over && walk.jobs.length < question.upTo) {
      const { done, value } = await walk.next.next();
      if (done === true) walk.over = true;
      else walk.jobs.push(value);
    }
    return { kind: 'jobs', jobs: [...walk.jobs], more: !walk.over, now: await reader.now() };
  }
}

const RUNS = 5;

const deadOf = (queue: string, group?: string, error?: string): Selection => ({
  queues: [queue],
  states: ['dead'],
  ...(group === undefined ? {} : { group }),
  ...(error === undefined ? {} : { error }),
});

async function* walkOver(
  desk: Desk,
  { queue, group, error }: Extract<Question, { kind: 'jobs' }>,
): AsyncGenerator<JobLine, undefined> {
  const selection = deadOf(queue, group, error);
  const fits = matcher(selection, await desk.tests(selection));
  const redact = await desk.redact();
  for await (const page of smooth(await desk.reader()).browse(selection, { size: PAGE, order: 'newest' })) {
    for (const job of page) {
      if (!fits(job)) continue;
      const { id, type, since, attempts, maxAttempts, error } = jobView({ ...job, payload: '' }, redact);
      yield { id, type, since, attempts, maxAttempts, error: errorLine({ error }) };
    }
  }
  return undefined;
}

async function dead(desk: Desk, { queue, all }: Extract<Question, { kind: 'dead' }>): Promise<Answer> {
  const reader = await desk.reader();
  const redact = await desk.redact();
  const { groups, scanned, complete } = await groupDead(
    smooth(reader),
    deadOf(queue),
    {},
    { by: 'error', scan: all ? undefined : SCAN },
  );
  const shown = groups.map((group) => ({ ...group, signature: String(redact(group.signature)) }));
  return { kind: 'dead', found: { groups: shown, scanned, complete, now: await reader.now() } };
}

async function found(
  desk: Desk,
  { queue, id }: Extract<Question, { kind: 'job' | 'preview' }>,
): Promise<{ detail: JobDetailView | undefined; now: string }> {
  const reader = await desk.reader();
  const detail: JobDetail | undefined = await reader.find(id, queue === '' ? undefined : queue);
  const redact = await desk.redact();
  return { detail: detail && jobDetailView(detail, redact), now: await reader.now() };
}

/** Runs lie here, so they can be listed while the backend is away. */
const clockOf = async (desk: Desk): Promise<string> => {
  const host = new Date().toISOString().replace('Z', '000Z');
  return await desk
    .reader()
    .then((reader) => reader.now())
    .catch(() => host);
};
