import { expect, it } from 'vitest';
import { actOn, type Deed } from '../../src/cli/act.ts';
import { goOn } from '../../src/cli/go-on.ts';
import { payloadCheck } from '../../src/cli/job-types.ts';
import { auditPayloads } from '../../src/operations/payloads.ts';
import type { Canary, Pace } from '../../src/operations/ports.ts';
import { unanswered } from '../operations/faulty.ts';
import { openStage, portsOf, replay } from '../operations/stage.ts';
import { pace, sessionOf } from './session.ts';

const jobTypes = {
  'email.send': {
    payload: {
      type: 'object',
      properties: { to: { type: 'string', format: 'email' } },
      required: ['to'],
      additionalProperties: false,
    },
  },
};

async function scene() {
  const stage = await openStage();
  const job = (payload: string, type = 'email.send') => stage.seed(1, { type, payload })[0] ?? '';
  const ports = portsOf(
    (run) => run,
    stage.stateDir,
    stage.log,
    () => stage.adapter,
  );
  const deed: Deed = {
    verb: 'replay',
    action: replay,
    selection: { queues: ['email'], states: ['dead'] },
    validOnly: true,
  };
  const act = (more: Partial<Deed> = {}, how: Partial<Pace> = {}) =>
    actOn(sessionOf(stage, { jobTypes }), ports, { ...pace, ...how }, { ...deed, ...more });
  const resume = (run: string) => goOn(sessionOf(stage, { jobTypes }), ports, pace, { run, timeout: '15s' });
  return { stage, ports, job, act, resume };
}

const good = '{"to":"ada@example.org"}';
const bad = '{"to":"nobody"}';

it('replays what fits; the others stay dead, each with the path of what is wrong', async () => {
  const { stage, job, act } = await scene();
  const ids = [job(good), job(bad), job('{"to":"b@example.org","bcc":1}'), job('not json'), job(good)];
  const report = await act();
  expect(report).toMatchObject({ matched: 5, complete: false, outcomes: { done: 2, skipped: 3, failed: 0 } });
  expect(report.skipped).toEqual([
    { id: ids[1], why: 'invalid-payload: payload.to must match format "email"' },
    { id: ids[2], why: 'invalid-payload: payload must NOT have additional properties (bcc)' },
    { id: ids[3], why: 'invalid-payload: payload must be object' },
  ]);
  expect(ids.map((id) => stage.states()[id])).toEqual(['waiting', 'dead', 'dead', 'dead', 'waiting']);
});

it('says which types have no schema and are not checked; refuses where none has one', async () => {
  const { stage, job, act, ports } = await scene();
  job(bad);
  const other = job(bad, 'report.build');
  let warnings: readonly string[] = [];
  ports.show.plan = (plan) => {
    warnings = plan.warnings;
  };
  expect(await act()).toMatchObject({ outcomes: { done: 1, skipped: 1 } });
  expect(warnings).toEqual([
    'The payload of 1 job does not fit the schema of its type: left as it is.',
    'Without a schema, so not checked: report.build.',
  ]);
  expect(stage.states()[other]).toBe('waiting');

  const none = await scene();
  none.job(good, 'report.build');
  await expect(none.act()).rejects.toMatchObject({
    code: 'JOBCTL_REFUSED',
    message: 'No type of these jobs has a payload schema: report.build.',
  });
});

it('a resumed run keeps to it, and counts each job once', async () => {
  const { stage, job, act, resume } = await scene();
  const ids = Array.from({ length: 12 }, (_, n) => job(n % 3 === 1 ? bad : good));
  stage.adapter = unanswered(stage.memory, 2, false);
  const broken = await act();
  expect(broken).toMatchObject({ complete: false, outcomes: { unknown: expect.any(Number) } });
  stage.adapter = stage.memory;
  expect(await resume(broken.run ?? '')).toMatchObject({
    complete: false,
    outcomes: { done: 8, skipped: 4, failed: 0, unknown: 0 },
  });
  expect(ids.filter((id) => stage.states()[id] === 'dead')).toEqual(ids.filter((_, n) => n % 3 === 1));
});

it('the canary takes valid jobs, and what it passes over is counted once', async () => {
  const { job, act } = await scene();
  for (const payload of [bad, good, bad, good, good]) job(payload);
  const watched: string[] = [];
  const canary: Canary = {
    count: 2,
    watch: async (jobs) => {
      watched.push(...jobs.map(({ id }) => id));
      return undefined;
    },
  };
  expect(await act({}, { canary, batch: 1 })).toMatchObject({ outcomes: { done: 3, skipped: 2 } });
  expect(watched).toEqual(['2', '4']);
});

it('an audit counts by type, names the first findings, and ends where it is told to', async () => {
  const { stage, job } = await scene();
  for (const payload of [good, bad, bad, bad]) job(payload);
  stage.seed(2, { type: 'report.build', state: 'waiting' });
  const check = await payloadCheck(jobTypes);
  const selection = { queues: ['email'], states: ['waiting', 'dead'] as const };
  const audit = await auditPayloads(stage.memory, selection, check, { limit: 2, maxScan: 100 });
  expect(audit).toMatchObject({ scanned: 6, complete: true, invalid: 3 });
  expect(audit.types).toEqual([
    { type: 'email.send', jobs: 4, checked: true, invalid: 3 },
    { type: 'report.build', jobs: 2, checked: false, invalid: 0 },
  ]);
  expect(audit.findings).toHaveLength(2);
  expect(audit.findings[0]).toMatchObject({ id: '2', state: 'dead', faults: ['payload.to must match format "email"'] });
  expect(await auditPayloads(stage.memory, selection, check, { limit: 2, maxScan: 3 })).toMatchObject({
    scanned: 3,
    complete: false,
  });
});
