import type { JobDetail, TimelineEntry } from '../../../domain/job.ts';
import type { Db } from '../connection.ts';
import { instant } from '../sql.ts';
import { findArchived } from './archive.ts';
import { uuids } from './conditions.ts';
import { doubles } from './copies.ts';
import { allowance, deadLettered, early, isLetterQueue, upClose } from './expressions.ts';
import type { Layout } from './layout.ts';
import { linksOf } from './links.ts';
import { everyName } from './queues.ts';
import { jobsOf, type Place, savedJobsOf } from './rows.ts';

/** One job, its times, and what it hangs together with. The library keeps no history: each run overwrites the one before. */
export async function find(db: Db, of: Layout, id: string, queue: string | undefined): Promise<JobDetail | undefined> {
  const layout = upClose(of);
  const [key] = uuids([id]);
  if (key === undefined) return undefined;
  const among = queue === undefined ? `j.name = ANY (${everyName(layout)})` : 'j.name = $2';
  const [place] = await db.query<Place>(
    `SELECT j.name, j.id::text AS id FROM ${layout.job} j WHERE j.id = $1::uuid AND ${layout.squashed && queue === undefined ? 'true' : among}`,
    queue === undefined ? [key] : [key, queue],
  );
  if (place === undefined) return await inArchive(db, layout, key, queue);
  const [saved] = await savedJobsOf(db, layout, [place]);
  if (saved === undefined) return undefined;
  const { job } = saved;
  const facts = await factsOn(db, layout, place);
  const double = layout.queue === undefined ? undefined : (await doubles(db, layout, [saved])).get(job.id);
  return {
    job,
    timeline: timelineOf(facts, job.native),
    links: await linksOf(db, layout, place),
    notes: [...(double === undefined ? [] : [`It is not replayed: ${double.note}.`]), ...notesOn(layout, facts)],
    ...(double === undefined ? {} : { instead: { by: double.by, dead: !double.moved } }),
  };
}

async function inArchive(
  db: Db,
  layout: Layout,
  id: string,
  queue: string | undefined,
): Promise<JobDetail | undefined> {
  const found = await findArchived(db, layout, id, queue);
  if (found === undefined) return undefined;
  const [job] = await jobsOf(db, found.layout, [found.place]);
  if (job === undefined) return undefined;
  const facts = await factsOn(db, found.layout, found.place);
  return {
    job,
    timeline: [...timelineOf(facts, job.native), found.entry],
    links: [],
    notes: [found.note],
    archived: true,
  };
}

interface Facts {
  readonly name: string;
  readonly created: string | null;
  readonly due: string | null;
  readonly started: string | null;
  readonly beat: string | null;
  /** Of a run: when the library gives it up. */
  readonly expires: string | null;
  readonly everySeconds: number | null;
  readonly ended: string | null;
  readonly kept: string | null;
  readonly keptPast: boolean;
  readonly early: boolean;
  readonly copy: boolean;
  /** A queue names this one as its dead-letter queue. */
  readonly letters: boolean;
  readonly policy: string | null;
  readonly queuePolicy: string | null;
  readonly letter: string | null;
  /** When the slot of a throttled job began. */
  readonly slot: string | null;
  readonly tier: string | null;
  readonly retried: number;
}

async function factsOn(db: Db, layout: Layout, { name, id }: Place): Promise<Facts> {
  const { col } = layout;
  const [facts] = await db.query<Facts>(
    `SELECT j.name, ${instant(col('created_on'))} AS created, ${instant(col('start_after'))} AS due, ${instant(col('started_on'))} AS started,
            ${layout.has('heartbeat_on') ? instant('j.heartbeat_on') : 'NULL'} AS beat, ${layout.has('heartbeat_on') ? 'j.heartbeat_seconds' : 'NULL'} AS "everySeconds",
            CASE WHEN j.state = 'active' THEN ${instant(`(${col('started_on')} + ${allowance(layout)})`)} END AS expires, ${instant(col('completed_on'))} AS ended,
            ${instant(col('keep_until'))} AS kept, ${col('keep_until')} < now() AS "keptPast", (${early(layout)}) AS early,
            ${deadLettered(layout)} AS copy, ${layout.queue === undefined ? 'false' : isLetterQueue(layout, 'j.name')} AS letters, ${layout.has('policy') ? 'j.policy' : 'NULL'} AS policy,
            ${layout.has('dead_letter') ? 'j.dead_letter' : 'NULL'} AS letter, ${col('retry_count')} AS retried,
            to_char(${col('singleton_on')}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS slot, ${layout.has('group_tier') ? 'j.group_tier' : 'NULL'} AS tier,
            ${layout.queue === undefined ? 'NULL' : `(SELECT q.policy FROM ${layout.queue} q WHERE q.name = j.name)`} AS "queuePolicy"
       FROM ${layout.job} j WHERE j.name = $1 AND j.id = $2::uuid`,
    [name, id],
  );
  if (facts === undefined) throw new Error(`The job ${id} vanished while it was read.`);
  return facts;
}

function timelineOf(facts: Facts, native: string): TimelineEntry[] {
  const entries: readonly (TimelineEntry | undefined)[] = [
    entry(facts.created, 'created'),
    facts.due === facts.created ? undefined : entry(facts.due, 'due'),
    entry(facts.started, 'started', facts.retried > 0 ? `retry ${facts.retried}` : undefined),
    native === 'active' ? entry(facts.beat, 'last heartbeat') : undefined,
    entry(facts.ended, facts.early ? 'ended before' : native),
  ];
  return entries.filter((one) => one !== undefined).sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : 1));
}

const entry = (at: string | null, event: string, note?: string): TimelineEntry | undefined =>
  at === null ? undefined : { at, event, note };

function notesOn(layout: Layout, facts: Facts): string[] {
  const notes: string[] = [];
  if (facts.copy && facts.early) notes.push('A dead-letter copy: a worker of its queue would take it.');
  if (facts.copy && facts.early && !facts.letters && layout.close)
    notes.push(
      `As no queue names ${facts.name} as its dead-letter queue, it is counted as waiting: only by its id is it shown and replayed as dead.`,
    );
  if (facts.expires !== null)
    notes.push(
      `Its time runs out at ${facts.expires}${facts.everySeconds === null ? '' : `, or ${facts.everySeconds} s after its last heartbeat`}: an instance of pg-boss with supervise on then fails the run.`,
    );
  if (facts.letter !== null) notes.push(`When it fails for good, a copy goes to ${facts.letter}.`);
  if (facts.tier !== null) notes.push(`Its tier within its group is ${facts.tier}.`);
  if (facts.slot !== null)
    notes.push(`It is throttled: of its key no other job has a place in the slot that began at ${facts.slot}.`);
  if (facts.started !== null) notes.push('pg-boss does not write down which worker a job has.');
  if (facts.policy !== null && facts.policy !== 'standard') notes.push(`Its queue's policy is ${facts.policy}.`);
  if (facts.policy === null && facts.queuePolicy !== null && !facts.copy)
    notes.push(
      `It was inserted past the library: it has neither its queue's policy (${facts.queuePolicy}) nor its dead-letter queue.`,
    );
  if (facts.early && facts.keptPast && facts.kept !== null)
    notes.push(`Its retention ended at ${facts.kept}: the next maintenance removes it.`);
  if (!layout.has('source_id') && (facts.letter !== null || facts.copy))
    notes.push('This version does not link copies with their originals: they are matched by time and data.');
  return notes;
}
