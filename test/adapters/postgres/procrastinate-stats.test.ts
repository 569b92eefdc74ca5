import { describe, expect, it } from 'vitest';
import { defer, loadMany, makeActive, makeCompleted, makeDead } from '../../setup/procrastinate.ts';
import { placeForTest } from './place.ts';

/** Moves the events of these jobs: each type to so many seconds ago. */
const moveEvents = `UPDATE procrastinate_events e SET at = now() - make_interval(secs => m.ago)
                      FROM jsonb_to_recordset($2) AS m (type text, ago float8) WHERE e.job_id = ANY ($1) AND e.type::text = m.type`;

describe("Procrastinate's numbers", () => {
  it('adds up: what succeeded is what is left of the total', async () => {
    const { adapter, pool } = await placeForTest();
    await makeCompleted(pool, 4, { queue: 'email' });
    await makeDead(pool, 2, { queue: 'email' });
    await makeDead(pool, 1, { queue: 'reports' });
    await makeActive(pool, 1, { queue: 'email' });
    await defer(pool, { queue: 'email' });
    await defer(pool, { queue: 'email', scheduledAt: new Date('2040-01-01') });
    const [email, reports] = await adapter.stats({});
    expect(email?.counts).toMatchObject({ waiting: 1, delayed: 1, active: 1, completed: 4, dead: 2, cancelled: 0 });
    expect(reports?.counts).toMatchObject({ waiting: 0, delayed: 0, active: 0, completed: 0, dead: 1, cancelled: 0 });
    const byType = await adapter.stats({ queues: ['email'], by: 'type' });
    expect(byType[0]?.counts).toEqual(email?.counts);
    expect(byType[0]?.by?.[0]?.counts).toEqual(email?.counts);
  });

  it('tells the oldest running job of each type, not of the queue', async () => {
    const { adapter, pool } = await placeForTest();
    await makeActive(pool, 1, { queue: 'email', type: 'slow', secondsAgo: 5000 });
    await makeActive(pool, 1, { queue: 'email', type: 'quick', secondsAgo: 20 });
    const [email] = await adapter.stats({ by: 'type' });
    const of = (type: string): number => email?.by?.find(({ key }) => key === type)?.oldestActiveSeconds ?? -1;
    expect(email?.oldestActiveSeconds).toBeGreaterThanOrEqual(5000);
    expect(of('slow')).toBeGreaterThanOrEqual(5000);
    expect(of('quick')).toBeGreaterThanOrEqual(20);
    expect(of('quick')).toBeLessThan(5000);
  });

  it('takes the run time of a job from the run that ended, where it ran more than once', async () => {
    const { adapter, pool } = await placeForTest();
    const ids = await makeCompleted(pool, 3, { queue: 'email' });
    await pool.query(moveEvents, [
      ids,
      JSON.stringify([
        { type: 'started', ago: 100 },
        { type: 'succeeded', ago: 60 },
      ]),
    ]);
    // an earlier run, and a later one that has not ended
    await pool.query(
      `INSERT INTO procrastinate_events (id, job_id, type, at)
       SELECT -row_number() OVER (), id, 'started', now() - interval '900 s' FROM unnest($1::bigint[]) AS id`,
      [ids],
    );
    await pool.query(
      `INSERT INTO procrastinate_events (job_id, type, at) SELECT id, 'started', now() FROM unnest($1::bigint[]) AS id`,
      [ids],
    );
    const [email] = await adapter.stats({});
    expect(email?.rates).toMatchObject({ windowSeconds: 3600, completed: 3, died: 0 });
    expect(email?.rates?.meanSeconds).toBeCloseTo(40, 3);
  });

  it('counts only what ended within the window', async () => {
    const { adapter, pool } = await placeForTest();
    await makeCompleted(pool, 2, { queue: 'email', secondsAgo: 4000 });
    await makeDead(pool, 1, { queue: 'email' });
    const [email] = await adapter.stats({});
    expect(email?.rates).toMatchObject({ completed: 0, died: 1 });
  });

  /** Events of these jobs in turn, the last of them `ago` seconds old, each `apart` seconds after the one before. */
  const logEvents = `INSERT INTO procrastinate_events (job_id, type, at)
    SELECT ($1::bigint[])[1 + n % cardinality($1)], $2::procrastinate_job_event_type, now() - make_interval(secs => $3 + ($5::int - n) * $4::float8) FROM generate_series(1, $5::int) AS n`;

  it('shrinks the window to what is read of a busy log', async () => {
    const { adapter, pool } = await placeForTest();
    await loadMany(pool, 1000, { queues: ['email'] });
    const { rows } = await pool.query<{ ids: string[] }>('SELECT array_agg(id) AS ids FROM procrastinate_jobs');
    await pool.query(logEvents, [rows[0]?.ids, 'succeeded', 0, 0.1, 30_000]);
    const [email] = await adapter.stats({});
    // what was read covers 20,000 x 0.1 s, and then the time since it was written
    expect(email?.rates?.windowSeconds).toBeGreaterThanOrEqual(2000);
    expect(email?.rates?.windowSeconds).toBeLessThan(2100);
    expect(email?.rates?.completed).toBeGreaterThan(19_980);
    expect(email?.rates?.completed).toBeLessThanOrEqual(20_000);
  });

  it('reads the whole hour where it is a small part of the log, and the start of a run that began before it', async () => {
    const { adapter, pool } = await placeForTest();
    const ids = await makeCompleted(pool, 1, { queue: 'email' });
    await pool.query('DELETE FROM procrastinate_events');
    await pool.query(logEvents, [ids, 'started', 7200, 0, 1]);
    await pool.query(logEvents, [ids, 'deferred', 3700, 1, 4000]);
    await pool.query(logEvents, [ids, 'failed', 600, 1, 900]);
    await pool.query(logEvents, [ids, 'succeeded', 0, 0, 1]);
    const [email] = await adapter.stats({});
    expect(email?.rates).toMatchObject({ windowSeconds: 3600, completed: 1, died: 900 });
    expect(email?.rates?.meanSeconds).toBeCloseTo(7200, 0);
  });
});
