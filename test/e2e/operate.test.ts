import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Handler, runWorker } from '../../src/demo/worker.ts';
import type { Report } from '../../src/domain/plan.ts';
import { createProcrastinate } from '../setup/databases.ts';
import { defer } from '../setup/procrastinate.ts';
import { expectFailure } from './answer.ts';
import { type Home, homeForTest, until } from './jobctl.ts';

const database = await createProcrastinate('3.9');
const { pool, url, schema } = database;
afterAll(() => database.drop());
beforeEach(() => pool.query('TRUNCATE procrastinate_jobs, procrastinate_events CASCADE'));

const send: Handler = async () => {};
const fail: Handler = () => {
  throw new Error('the mail server said no');
};

/** A real worker, until the test has ended. */
function startWorker(handlers: Readonly<Record<string, Handler>>): void {
  const stop = new AbortController();
  const ended = runWorker({ url, schema, handlers, pollMs: 100, maxAttempts: 1, signal: stop.signal });
  onTestFinished(async () => {
    stop.abort();
    await ended;
  });
}

const add = (count: number): Promise<string[]> =>
  Promise.all(
    Array.from({ length: count }, (_, n) => defer(pool, { queue: 'email', type: 'email.send', args: { n } })),
  );

const statuses = async (): Promise<Record<string, number>> => {
  const { rows } = await pool.query<{ status: string; count: number }>(
    'SELECT status::text, count(*)::int FROM procrastinate_jobs GROUP BY 1',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
};

/** A home whose context knows how to stop the workers, which here are a number in a file. */
async function homeWithHook(more = ''): Promise<{ home: Home; replicas: () => Promise<string> }> {
  const home = await homeForTest();
  const path = await home.file('replicas', '3\n');
  await home.file(
    'jobctl.yaml',
    `version: 1
contexts:
  shop:
    url: ${url}
    queues:
      email:
        pause:
          command: echo 0 > replicas
          resume: echo "\${found}" > replicas
          status: cat replicas
${more}`,
  );
  return { home, replicas: async () => (await readFile(path, 'utf8')).trim() };
}

const json = <T = Report>(text: string): T => JSON.parse(text) as T;

describe('pause and resume', () => {
  it('are unsupported without means, and say what to do instead', async () => {
    await add(1);
    const home = await homeForTest(url);
    const { code, stderr } = await home.run(['pause', 'email', '--yes']);
    expect(code).toBe(5);
    expect(stderr.replace(/\s+/g, ' ')).toContain('it has no means of its own');
    expect(stderr).toContain('jobctl drain email --evacuate');
    // no context has a name here
    expect(stderr).not.toMatch(/contexts\.postgres/);
    const told = await home.run(['pause', 'email', '--url', url, '--yes'], { env: { JOBCTL_URL: '' } });
    expect(told.stderr).toContain(`jobctl drain email --evacuate --url ${url}`);
  });

  it('run the hook, remember what it found and put it back', async () => {
    await add(1);
    const { home, replicas } = await homeWithHook();
    const dry = await home.run(['pause', 'email', '--dry-run']);
    expect([dry.code, await replicas()]).toEqual([0, '3']);
    expect(dry.stderr).toContain('hook: echo 0 > replicas (now: 3)');

    const paused = await home.run(['pause', 'email', '--yes']);
    expect([paused.code, await replicas()]).toEqual([0, '0']);
    expect((await home.run(['resume', 'email', '--yes'])).code).toBe(0);
    expect(await replicas()).toBe('3');
  });

  it('are taken back by undo', async () => {
    await add(1);
    const { home, replicas } = await homeWithHook();
    const paused = json((await home.run(['pause', 'email', '--yes', '--json'])).stdout);
    const undone = await home.run(['undo', paused.run ?? '', '--yes', '--json']);
    expect([undone.code, await replicas()]).toEqual([0, '3']);
    expect(json(undone.stdout)).toMatchObject({ verb: 'undo', outcomes: { done: 1 } });
  });

  it('--for resumes by itself, at the latest when it is stopped', async () => {
    await add(1);
    const { home, replicas } = await homeWithHook();
    const whole = await home.run(['pause', 'email', '--for', '1s', '--yes', '--json']);
    expect([whole.code, await replicas()]).toEqual([0, '3']);
    expect(json<{ resumed: Report }>(whole.stdout).resumed).toMatchObject({ verb: 'resume', complete: true });

    for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
      const { child, ended } = home.start(['pause', 'email', '--for', '1h', '--yes']);
      let said = '';
      child.stderr?.on('data', (text: string) => (said += text));
      await until('the pause', async () => (await replicas()) === '0');
      await until('the wait', () => said.includes('Ctrl-C resumes at once'));
      child.kill(signal);
      expect([signal, (await ended).code]).toEqual([signal, 130]);
      expect(await replicas()).toBe('3');
    }
  });

  it('refuse to resume what was paused elsewhere, as nobody knows how it was; once that is done by hand, all is well', async () => {
    await add(1);
    const { home, replicas } = await homeWithHook();
    await home.file('replicas', '0\n');
    for (const asked of ['--dry-run', '--yes']) {
      const { code, stderr } = await home.run(['resume', 'email', asked]);
      expect([code, await replicas()]).toEqual([4, '0']);
      expect(stderr).toMatch(/echo "\$\{found\}" > replicas/);
    }
    expect(json<{ runs: object[] }>((await home.run(['run', 'list', '--json'])).stdout).runs).toEqual([]);
    await home.file('replicas', '2\n');
    expect((await home.run(['resume', 'email', '--yes'])).code).toBe(0);
    expect(await replicas()).toBe('2');
  });

  it('--detach leaves a deadline, and stats shouts when it has passed', async () => {
    await add(1);
    const { home, replicas } = await homeWithHook();
    expect((await home.run(['pause', 'email', '--for', '1s', '--detach', '--yes'])).code).toBe(0);
    const shouting = await until('the deadline', async () => {
      const stats = await home.run(['stats', '--json']);
      return stats.stderr.includes('STILL PAUSED') ? stats : undefined;
    });
    expect(json<{ pauses: object[] }>(shouting.stdout).pauses).toMatchObject([{ queue: 'email', overdue: true }]);
    expect(await replicas()).toBe('0');
    await home.run(['resume', 'email', '--yes']);
    expect((await home.run(['stats'])).stderr).not.toContain('STILL PAUSED');
  });
});

describe('drain', () => {
  it('waits until a worker has emptied the queue; without one it times out', async () => {
    await add(20);
    const home = await homeForTest(url);
    expect(await home.run(['drain', 'email', '--dry-run'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('jobctl stats email'),
    });
    const alone = await home.run(['drain', 'email', '--timeout', '1s', '--json']);
    expect(alone.code).toBe(9);
    expect(json(alone.stdout)).toMatchObject({ drained: false, stopped: 'timeout', left: { waiting: 20 } });
    startWorker({ 'email.send': send });
    const { code, stdout, stderr } = await home.run(['drain', 'email', '--every', '200ms', '--json']);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/active|^$/)]);
    expect(json(stdout)).toMatchObject({ drained: true, remaining: 0 });
    expect(await statuses()).toEqual({ succeeded: 20 });
  });

  it('--evacuate takes the jobs out, and restore brings them back as they were', async () => {
    await add(3);
    await defer(pool, { queue: 'email', scheduledAt: new Date(Date.now() + 3_600_000) });
    const home = await homeForTest(url);
    expect((await home.run(['drain', 'email', '--evacuate', '--yes'])).code).toBe(4);
    const out = await home.run(['drain', 'email', '--evacuate', '--confirm', 'email', '--json']);
    expect(json(out.stdout)).toMatchObject({ verb: 'evacuate', outcomes: { done: 4 }, complete: true });
    expect(await statuses()).toEqual({});
    const back = await home.run(['restore', json(out.stdout).run ?? '', '--as-was', '--yes']);
    expect([back.code, await statuses()]).toEqual([0, { todo: 4 }]);
  });
});

const types = `
    jobTypes:
      email.send:
        payload: { type: object, required: [to], properties: { to: { type: string } } }
        key: "email:{type}:{to}:{uniqueId}"`;

describe('enqueue', () => {
  it('leaves out how often a type is tried where the backend keeps no such thing, and says so; a flag is refused', async () => {
    await add(1);
    const { home } = await homeWithHook(`${types}\n        maxAttempts: 5`);
    const one = ['enqueue', 'email', 'email.send', '--payload', '{"to":"ada","uniqueId":1}', '--yes'];
    const refused = await home.run([...one, '--max-attempts', '3']);
    expect([refused.code, await statuses()]).toEqual([4, { todo: 1 }]);
    const added = await home.run(one);
    expect([added.code, await statuses()]).toEqual([0, { todo: 2 }]);
    expect(added.stderr.replace(/\s+/g, ' ')).toContain(
      'maxAttempts of the type email.send means nothing to this backend',
    );
  });

  it('sends nothing when one job is bad, and says where and why', async () => {
    await add(1);
    const { home } = await homeWithHook(types);
    const lines = ['{"to":"ada","uniqueId":1}', '{"to":5,"uniqueId":2}', '[1]', '{"to":"bob"}', 'no json'].join('\n');
    const refused = await home.run(['enqueue', 'email', 'email.send', '--file', '-', '--yes'], { stdin: lines });
    expect(refused.code).toBe(4);
    for (const why of [
      'line 2: payload.to must be string',
      'line 3: payload must be object',
      'line 4: payload.uniqueId is missing',
      'line 5: is not JSON',
    ])
      expect(refused.stderr).toContain(why);
    expect(await statuses()).toEqual({ todo: 1 });

    const args = ['enqueue', 'email', 'email.send', '--file', '-', '--skip-invalid', '--yes', '--json'];
    const some = await home.run(args, { stdin: lines });
    expect(some.code).toBe(3);
    expect(json(some.stdout)).toMatchObject({ outcomes: { done: 1, skipped: 4 } });
    const { rows } = await pool.query(
      'SELECT queueing_lock AS key, args FROM procrastinate_jobs ORDER BY id DESC LIMIT 1',
    );
    expect(rows).toEqual([{ key: 'email:email.send:ada:1', args: { to: 'ada', uniqueId: 1 } }]);
  });

  it('adds jobs that a worker runs; the same key twice is no failure; undo takes back what has not begun', async () => {
    await add(1);
    const home = await homeForTest(url);
    const one = ['enqueue', 'email', 'email.send', '--payload', '{"to":"ada"}', '--key', 'k', '--yes', '--json'];
    const first = json((await home.run(one)).stdout);
    expect(first).toMatchObject({ verb: 'enqueue', outcomes: { done: 1 }, made: [expect.stringMatching(/^\d+$/)] });
    const twice = await home.run(one);
    expect([twice.code, json(twice.stdout).outcomes]).toEqual([0, expect.objectContaining({ done: 0, skipped: 1 })]);
    const undone = await home.run(['undo', first.run ?? '', '--confirm', 'email', '--json']);
    expect([undone.code, await statuses()]).toEqual([0, { todo: 1 }]);
    const unknown = await home.run(['enqueue', 'emial', 'email.send', '--yes']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('--new-queue')]);
    startWorker({ 'email.send': send });
    await home.run(['enqueue', 'email', 'email.send', '--yes']);
    expect((await home.run(['drain', 'email', '--every', '200ms'])).code).toBe(0);
    expect(await statuses()).toEqual({ succeeded: 2 });
  });
});

describe('smoke', () => {
  const smoke = ['smoke', 'email', '--type', 'email.ping', '--yes', '--json', '--junit', 'smoke.xml'];

  it('sees its job complete and takes it away again', async () => {
    await add(1);
    const home = await homeForTest(url);
    startWorker({ 'email.send': send, 'email.ping': send });
    const summary = await home.file('summary.md', '');
    const { code, stdout } = await home.run(smoke, { env: { GITHUB_STEP_SUMMARY: summary } });
    expect(code).toBe(0);
    expect(json(stdout)).toMatchObject({ ok: true, ended: 'completed', newlyDead: 0, cleanedUp: true });
    await until('the other job', async () => ((await statuses())['succeeded'] ?? 0) === 1);
    expect(await readFile(summary, 'utf8')).toContain('✅ jobctl smoke email');
    expect(await readFile(join(home.folder, 'smoke.xml'), 'utf8')).toContain('tests="3" failures="0"');
  });

  it('says that its job died, and that others did', async () => {
    const home = await homeForTest(url);
    await add(2);
    startWorker({ 'email.send': fail, 'email.ping': fail });
    await until('the first deaths', async () => ((await statuses())['failed'] ?? 0) === 2);
    const { code, stdout } = await home.run(smoke);
    expect(code).toBe(10);
    expect(json(stdout)).toMatchObject({ ok: false, ended: 'dead', newlyDead: 0, cleanedUp: true });
    expect(await statuses()).toEqual({ failed: 2 });
    expect(await readFile(join(home.folder, 'smoke.xml'), 'utf8')).toContain('<failure message="it died"/>');
  });

  it('a report that cannot be written is said before a job is added; a summary that cannot hides no result', async () => {
    const home = await homeForTest(url);
    await add(1);
    const early = await home.run(['smoke', 'email', '--yes', '--junit', 'nowhere/smoke.xml']);
    expectFailure(early, 2, /nowhere\/smoke\.xml cannot be written.*mkdir -p/);
    expect(await statuses()).toEqual({ todo: 1 });
    startWorker({ 'email.send': send, 'email.ping': send });
    const env = { GITHUB_STEP_SUMMARY: join(home.folder, 'nowhere', 'summary.md') };
    const { code, stdout, stderr } = await home.run(smoke, { env });
    expect([code, json<{ ok: boolean }>(stdout).ok]).toEqual([0, true]);
    expect(stderr).toContain('warning: $GITHUB_STEP_SUMMARY could not be written');
  });

  it('gives up in time, and leaves nothing behind', async () => {
    const home = await homeForTest(url);
    await add(1);
    const { code, stdout } = await home.run([...smoke, '--within', '1s']);
    expect(code).toBe(9);
    expect(json(stdout)).toMatchObject({ ok: false, ended: 'timeout', cleanedUp: true });
    expect(await statuses()).toEqual({ todo: 1 });
  });
});
