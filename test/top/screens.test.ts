import { describe, expect, it } from 'vitest';
import type { Group } from '../../src/health/groups.ts';
import type { Message } from '../../src/top/messages.ts';
import type { JobLine, JobsScreen, State } from '../../src/top/model.ts';
import { begin, flood, keys, looked, now, only, place, plan, play, seen, typed } from './scene.ts';

const group = (id: string, count: number, signature = `SomeError: ${id}`): Group => ({
  group: id,
  signature,
  count,
  types: ['email.send'],
  sampleIds: ['1'],
});
const dead: Message = {
  type: 'answered',
  ticket: 1,
  at: 2000,
  tookMs: 5,
  answer: {
    kind: 'dead',
    found: { groups: [group('g-1', 300), group('g-2', 112, 'Timeout')], scanned: 412, complete: true, now },
  },
};
const line = (n: number): JobLine => ({ id: `job-${n}`, type: 't', attempts: 5, maxAttempts: 5, error: 'E' });
const jobs = (ticket: number, count: number, more = false): Message => ({
  type: 'answered',
  ticket,
  at: 2000,
  tookMs: 5,
  answer: { kind: 'jobs', jobs: Array.from({ length: count }, (_, n) => line(n)), more, now },
});
const kinds = (state: State): string[] => state.screens.map(({ kind }) => kind);
const shown = (state: State): JobsScreen => state.screens.at(-1) as JobsScreen;

/** In the group of the first line, with its jobs. */
const inGroup = (count = 3, more = false) =>
  play(seen(), ...keys('d'), dead, ...keys('enter'), jobs(2, count, more)).state;

it('goes down to the job and back up again, and forgets what it leaves', () => {
  const { state, effects } = play(inGroup(), ...keys('l'));
  expect(kinds(state)).toEqual(['overview', 'dead', 'jobs', 'job']);
  expect(only(effects, 'ask')[0]?.question).toEqual({ kind: 'job', queue: 'email', id: 'job-0' });
  const up = play(state, ...keys('escape', 'h', 'left', 'escape'));
  expect(kinds(up.state)).toEqual(['overview']);
  expect(play(state, ...keys('escape')).effects).toEqual([{ type: 'forget', ticket: 3 }]);
});

it('takes no answer for a screen that is no longer there', () => {
  const { state } = play(seen(), ...keys('d', 'escape', 'd'), dead);
  expect(state.screens.at(-1)).toMatchObject({ kind: 'dead', ticket: 2 });
  expect(state.screens.at(-1)).not.toHaveProperty('found');
});

it('says why a screen could not be filled, and keeps what it had', () => {
  const { state } = play(inGroup(), { type: 'failed', ticket: 2, at: 3000, message: 'gone' });
  expect(shown(state)).toMatchObject({ failure: 'gone', loading: false });
  expect(shown(state).jobs).toHaveLength(3);
});

it('asks again by itself when the backend is back', () => {
  const failed = play(seen(), ...keys('d'), { type: 'failed', ticket: 1, at: 3000, message: 'gone' }).state;
  expect(only(play(failed, looked(flood, 5000)).effects, 'ask')[0]?.question).toMatchObject({ kind: 'dead' });
});

it('refreshes the dead by cause at the pace of the scan, and a run while it goes on; where looking counts nothing', () => {
  const slow = { ...dead, tookMs: 500 } as Message;
  const open = play(seen(), ...keys('d'), slow).state;
  expect(only(play(open, { type: 'tick', at: 11_900 }).effects, 'ask')).toEqual([]);
  expect(only(play(open, { type: 'tick', at: 12_100 }).effects, 'ask')[0]?.question).toMatchObject({ kind: 'dead' });
  const sqs = play(begin(), looked(flood, 0, { reads: 'receive' }), ...keys('d', 'L'), dead).state;
  expect(only(play(sqs, { type: 'tick', at: 90_000 }).effects, 'ask')).toEqual([]);
  const lost = play(sqs, ...keys('ctrl-r'), { type: 'failed', ticket: 1, at: 3000, message: 'gone' }).state;
  expect(only(play(lost, looked(flood, 5000, { reads: 'receive' })).effects, 'ask')).toEqual([]);

  const run = (running: boolean): Message => ({
    type: 'answered',
    ticket: 2,
    at: 2000,
    tookMs: 5,
    answer: {
      kind: 'run',
      shown: {
        run: { id: 'r', startedAt: now, state: running ? 'unfinished' : 'finished', running, queues: ['email'] },
        plan: { ...plan.plan, sample: [] },
        journal: '/j',
        now,
        next: [],
      },
    },
  });
  const runs: Message = {
    ...dead,
    answer: { kind: 'runs', runs: [{ id: 'r', startedAt: now, state: 'unfinished', running: true, queues: [] }], now },
  } as Message;
  const asks = (running: boolean) =>
    only(play(seen(), ...keys('u'), runs, ...keys('enter'), run(running), { type: 'tick', at: 9000 }).effects, 'ask');
  expect(asks(true)[0]?.question).toEqual({ kind: 'run', id: 'r' });
  expect(asks(false)).toEqual([]);
});

it('fetches further jobs only when the cursor comes near the end', () => {
  const state = inGroup(100, true);
  expect(only(play(state, ...keys('pagedown')).effects, 'ask').map(({ question }) => question.kind)).toEqual([]);
  const { effects } = play(state, ...keys('end'));
  expect(only(effects, 'ask')[0]?.question).toMatchObject({ kind: 'jobs', group: 'g-1', upTo: 200, fresh: false });
  expect(only(play(play(state, ...keys('end')).state, ...keys('up')).effects, 'ask')).toEqual([]);
});

it('forgets the marks of jobs that are gone, once it has seen all', () => {
  const state = play(inGroup(3, true), ...keys('space', 'space')).state;
  expect(shown(play(state, jobs(2, 1, true)).state).marks.size).toBe(2);
  expect([...shown(play(state, jobs(2, 1)).state).marks]).toEqual(['job-0']);
});

it('previews the job under the cursor, one at a time', () => {
  const first = play(seen(), ...keys('d'), dead, ...keys('enter'), jobs(2, 3));
  expect(only(first.effects, 'ask')[0]?.question).toEqual({ kind: 'preview', queue: 'email', id: 'job-0' });
  expect(only(play(first.state, ...keys('down')).effects, 'ask')).toEqual([]);
  const answer: Message = {
    type: 'answered',
    ticket: 2,
    at: 1,
    tookMs: 1,
    answer: { kind: 'preview', id: 'job-0', detail: undefined },
  };
  expect(only(play(first.state, ...keys('down'), answer).effects, 'ask')[0]?.question).toMatchObject({ id: 'job-1' });
});

it('looks at nothing that a look would receive before the operator agrees', () => {
  const sqs = play(begin(), looked(flood, 0, { reads: 'receive' })).state;
  const closed = play(sqs, ...keys('d'));
  expect(closed.effects).toEqual([]);
  expect(play(closed.state, ...keys('r', 'x', 'enter')).effects).toEqual([]);
  expect(only(play(closed.state, ...keys('L')).effects, 'ask')[0]?.question).toMatchObject({ kind: 'dead' });
});

it('filters jobs by their error on the backend, once it is entered', () => {
  const typing = play(inGroup(), ...keys('/'), ...typed('time out'));
  expect(typing.effects).toEqual([]);
  const { state, effects } = play(typing.state, ...keys('enter'));
  expect(only(effects, 'ask')[0]?.question).toMatchObject({ group: 'g-1', error: 'time out', fresh: true });
  expect(shown(state).jobs).toEqual([]);
});

it('refreshes an open queue at its own pace', () => {
  const open = play(seen(), ...keys('enter')).state;
  expect(only(play(open, { type: 'tick', at: 60_000 }).effects, 'ask')).toEqual([]);
  const failed = play(open, { type: 'failed', ticket: 1, at: 1000, message: 'slow' }).state;
  expect(only(play(failed, { type: 'tick', at: 3000 }).effects, 'ask')[0]?.question).toEqual({
    kind: 'queue',
    queue: 'email',
  });
});

describe('the line after a colon', () => {
  const colon = (text: string, state = seen()) => play(state, ...keys(':'), ...typed(text), ...keys('enter'));

  it('opens a queue, its dead jobs, a job, the runs', () => {
    expect(kinds(colon('queue webhooks').state)).toEqual(['overview', 'queue']);
    expect(kinds(colon('dead reports').state)).toEqual(['overview', 'dead']);
    expect(only(colon('job 4711').effects, 'ask')[0]?.question).toEqual({ kind: 'job', queue: '', id: '4711' });
    expect(kinds(colon('runs').state)).toEqual(['overview', 'runs']);
  });

  it('sorts, unlocks, leaves', () => {
    expect(colon('sort dead').state.sort).toBe('dead');
    expect(colon('write').state.unlocked).toBe(true);
    expect(colon('quit').effects).toEqual([{ type: 'exit', code: 0 }]);
  });

  it('names the nearest queue, and what there is to say', () => {
    expect(colon('queue webhook').state.notice).toContain('Did you mean webhooks?');
    expect(colon('nonsense').state.notice).toContain('There is no "nonsense"');
    expect(colon('queu email').state.notice).toMatch(/Did you mean queue.* \? lists what there is/);
  });

  it('means the queue of the context that is looked at, where several have one of that name', () => {
    const both = play(
      begin([place('a'), place('b')]),
      looked(flood, 0, { place: 'a' }),
      looked(flood, 0, { place: 'b' }),
    ).state;
    const inB = play(both, ...keys('down', 'enter')).state;
    expect(inB.screens.at(-1)).toMatchObject({ place: 'b' });
    expect(colon('queue reports', inB).state.screens.at(-1)).toMatchObject({ place: 'b', queue: 'reports' });
  });
});

it('leaves with q, and with Ctrl-C as cancelled', () => {
  expect(play(seen(), ...keys('q')).effects).toEqual([{ type: 'exit', code: 0 }]);
  expect(play(seen(), ...keys('ctrl-c')).effects).toEqual([{ type: 'exit', code: 130 }]);
  expect(play(seen(), ...keys('ctrl-z')).effects).toEqual([{ type: 'suspend' }]);
});

it('does nothing with pasted text where nothing is typed', () => {
  const paste: Message = { type: 'key', key: 'text:rxay' };
  const before = inGroup();
  expect(play(before, paste)).toEqual({ state: before, effects: [] });
});

it('says that a readOnly context stays locked', () => {
  const { state, effects } = play(seen([place('prod', { readOnly: true })]), ...keys('W'));
  expect(effects).toEqual([]);
  expect(state.unlocked).toBe(false);
  expect(state.notice).toContain('readOnly');
});
