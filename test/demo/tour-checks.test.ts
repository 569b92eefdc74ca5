import { describe, expect, it } from 'vitest';
import { backupHolds, groupsAgree, resultTells, runTells, statsAgree } from '../../src/demo/tour/answers.ts';
import { deadOf, onlyChanged, same, unchanged, undone } from '../../src/demo/tour/checks.ts';
import type { Row, Rows } from '../../src/demo/tour/rows.ts';
import type { Step } from '../../src/demo/tour/step.ts';
import { walk } from '../../src/demo/tour/walk.ts';

const row = (id: string, change: Partial<Row> = {}): Row => {
  const it = { id, queue: 'email', type: 'welcome', status: 'failed', queueingLock: null, attempts: 3, ...change };
  return { ...it, all: change.all ?? JSON.stringify(it) };
};
const table = (...rows: Row[]): Rows => new Map(rows.map((one) => [one.id, one]));

const before = table(row('1'), row('2'), row('3', { status: 'doing', attempts: 0 }), row('4', { type: 'receipt' }));
const replayed = (id: string): Row => row(id, { status: 'todo', attempts: 0 });
const become = () => ({ status: 'todo', attempts: 0 });
const changing = (...rows: Row[]): Rows => new Map([...before, ...table(...rows)]);
const without = (id: string): Rows => new Map([...before].filter(([key]) => key !== id));

describe('rows', () => {
  it('agrees when exactly the chosen jobs became what they should', () => {
    expect(unchanged(before, new Map(before))).toEqual([]);
    expect(onlyChanged(before, changing(replayed('1'), replayed('2')), ['1', '2'], become)).toEqual([]);
  });

  it.each([
    ['one was left', changing(replayed('1')), /missing 1 \(2\)/],
    ['one too many', changing(replayed('1'), replayed('2'), replayed('4')), /too many 1 \(4\)/],
    ['one is gone', new Map([...without('4'), ...table(replayed('1'), replayed('2'))]), /too many 1 \(4\)/],
    ['one is new', changing(replayed('1'), replayed('2'), row('5')), /too many 1 \(5\)/],
    ['the wrong state', changing(replayed('1'), row('2', { status: 'cancelled' })), /1 \(2\)/],
    ['the attempts were kept', changing(replayed('1'), row('2', { status: 'todo' })), /1 \(2\)/],
    ['only an event more', changing(replayed('1'), replayed('2'), row('4', { all: 'x' })), /too many 1 \(4\)/],
  ])('reports: %s', (_what, after, found) => {
    const deviations = onlyChanged(before, after, ['1', '2'], become);
    expect(deviations.map((one) => one.found).join()).toMatch(found);
    expect(unchanged(before, after)).toHaveLength(1);
  });

  it('after an undo, wants the jobs of the run as before it and all others as just before the undo', () => {
    const reset = row('3', { status: 'todo', attempts: 1 });
    const between = changing(replayed('1'), replayed('2'), reset);
    expect(undone(before, between, changing(reset), ['1', '2'])).toEqual([]);
    expect(undone(before, between, before, ['1', '2'])).toHaveLength(1); // took the reset back too
    expect(undone(before, between, between, ['1', '2'])).toHaveLength(1); // did nothing
    expect(undone(before, between, changing(reset, row('2', { all: 'an event more' })), ['1', '2'])).toHaveLength(1);
  });

  it('tells dead jobs with a waiting twin from the others', () => {
    const twin = row('9', { status: 'todo', queueingLock: 'a' });
    const rows = table(row('1', { queueingLock: 'a' }), row('2', { queueingLock: 'b' }), row('3'), twin);
    expect(deadOf(rows, 'welcome')).toEqual({ free: ['2', '3'], twins: ['1'] });
  });
});

describe('answers', () => {
  const counts = { waiting: 0, delayed: 0, blocked: 0, active: 1, completed: 0, dead: 3, cancelled: 0 };

  it('holds stats against the rows', () => {
    expect(statsAgree({ queues: [{ queue: 'email', counts }] }, before)).toEqual([]);
    expect(statsAgree({ queues: [{ queue: 'email', counts: { ...counts, dead: 2 } }] }, before)).toHaveLength(1);
    expect(statsAgree({ queues: [{ queue: 'email', counts: { ...counts, delayed: 1 } }] }, before)).toHaveLength(1);
    expect(statsAgree({ queues: [] }, before)).toHaveLength(1);
  });

  it('holds groups against the rows', () => {
    const [welcome, receipt] = [
      { count: 2, types: ['welcome'] },
      { count: 1, types: ['receipt'] },
    ];
    expect(groupsAgree({ complete: true, groups: [welcome, receipt] }, before, 'email')).toEqual([]);
    expect(groupsAgree({ complete: true, groups: [welcome] }, before, 'email')).toHaveLength(1);
    expect(groupsAgree({ complete: false, groups: [welcome, receipt] }, before, 'email')).toHaveLength(1);
  });

  it('holds a run, its result and its backup against what has happened', () => {
    const outcomes = { done: 2, skipped: 1, failed: 0, unknown: 0 };
    const answer = {
      run: { verb: 'replay', state: 'finished', outcomes },
      report: { skipped: [{ id: '1', why: 'duplicate: held by 9' }] },
    };
    expect(runTells(answer, 'replay', 2, ['1'])).toEqual([]);
    expect(runTells(answer, 'replay', 3, ['1'])).toHaveLength(1);
    expect(runTells(answer, 'replay', 2, ['2'])).toHaveLength(1);
    expect(runTells(answer, 'undo', 2, ['1'])).toHaveLength(1);
    expect(resultTells('replay email: finished\n2 done, 1 skipped\n', 2, 1)).toEqual([]);
    expect(resultTells('0 done, 3 skipped\n', 2, 1)).toEqual([
      { what: 'the result', expected: '2 done, 1 skipped', found: '0 done, 3 skipped' },
    ]);
    expect(resultTells('', 2, 0)).toHaveLength(1);
    expect(backupHolds({ ok: true, jobs: 3 }, 3)).toEqual([]);
    expect(backupHolds({ ok: false, jobs: 3 }, 3)).toHaveLength(1);
    expect(backupHolds({ ok: true, jobs: 2 }, 3)).toHaveLength(1);
  });
});

describe('the walk', () => {
  const step = (change: Partial<Step> = {}): Step => ({
    title: 'Why',
    words: () => ['stats'],
    reads: false,
    exit: 0,
    check: () => [],
    proves: 'it',
    ...change,
  });
  const take = (...steps: Step[]) =>
    walk(steps, {
      cli: async () => ({ code: 0, stdout: '', stderr: '' }),
      rows: async () => before,
      signal: new AbortController().signal,
      begins: () => {},
      said: () => {},
      ends: () => {},
    });

  it.each([
    ['a deviation', step({ check: () => same('jobs', 1, 2) }), { what: 'jobs', expected: '1', found: '2' }],
    ['another exit code', step({ exit: 3 }), { what: 'exit code', expected: '3', found: '0' }],
    ['no JSON', step({ reads: true }), { what: 'its answer to --json', expected: 'one JSON document' }],
  ])('ends at %s', async (_what, bad, deviation) => {
    const reports = await take(step(), bad, step());
    expect(reports.map(({ ok }) => ok)).toEqual([true, false]);
    expect(reports[1]?.deviations).toMatchObject([deviation]);
  });
});
