import { describe, expect, it } from 'vitest';
import { flows, KEPT, sampleOf } from '../../src/top/history.ts';
import type { Look } from '../../src/top/model.ts';
import { laneTargetOf, targetOf } from '../../src/top/targets.ts';
import { begin, flood, keys, looked, only, place, play, seen, stats, typed } from './scene.ts';

const queues = (state: ReturnType<typeof seen>): string[] => state.list.map(({ queue }) => queue);

describe('looking', () => {
  it('asks each context once, and not again before it has answered', () => {
    const first = play(begin([place('a'), place('b')]), { type: 'tick', at: 0 });
    expect(first.effects).toEqual([
      { type: 'look', place: 'a' },
      { type: 'look', place: 'b' },
    ]);
    expect(play(first.state, { type: 'tick', at: 60_000 }).effects).toEqual([]);
  });

  it('asks again after the interval, and after twenty times what a slow look took', () => {
    const quick = play(begin(), { type: 'tick', at: 0 }, looked(flood, 1000, { tookMs: 50 })).state;
    expect(play(quick, { type: 'tick', at: 2999 }).effects).toEqual([]);
    expect(play(quick, { type: 'tick', at: 3000 }).effects).toHaveLength(1);
    const slow = play(begin(), { type: 'tick', at: 0 }, looked(flood, 1000, { tookMs: 700 })).state;
    expect(play(slow, { type: 'tick', at: 14_999 }).effects).toEqual([]);
    expect(play(slow, { type: 'tick', at: 15_000 }).effects).toHaveLength(1);
  });

  it('keeps what was seen last when a look fails, says why, and tries again', () => {
    const { state } = play(
      seen(),
      { type: 'tick', at: 3000 },
      { type: 'look-failed', place: 'prod', message: 'no route', at: 4000 },
    );
    expect(queues(state)).toEqual(queues(seen()));
    expect(state.places[0]).toMatchObject({ failure: 'no route', lookedAt: 1000 });
    expect(play(state, { type: 'tick', at: 6000 }).effects).toEqual([{ type: 'look', place: 'prod' }]);
    expect(play(state, { type: 'tick', at: 6000 }, looked(flood, 6500)).state.places[0]?.failure).toBeUndefined();
  });

  it('forgets queues that are gone and never keeps more than a minute of looks', () => {
    let { state } = play(begin(), looked([stats('old')], 0));
    for (let at = 1; at <= 500; at += 1) ({ state } = play(state, looked(flood, at * 1000)));
    expect(Object.keys(state.places[0]?.history ?? {})).toEqual(flood.map(({ queue }) => queue));
    expect(state.places[0]?.history['email']).toHaveLength(KEPT);
  });

  it('takes no queue for a word of JavaScript', () => {
    const odd = [stats('__proto__', { waiting: 1 }), stats('constructor'), stats('toString')];
    const { state } = play(begin(), looked(odd, 0), looked(odd, 1000));
    expect(queues(state).sort()).toEqual(['__proto__', 'constructor', 'toString']);
  });
});

describe('rates', () => {
  it('tells what comes in from what left and what was added meanwhile', () => {
    const at = (waiting: number) => [stats('q', { waiting }, { rates: { windowSeconds: 10, completed: 20, died: 0 } })];
    const { state } = play(begin(), looked(at(100), 0), looked(at(130), 10_000));
    expect(state.list[0]).toMatchObject({ out: 2, into: 5, trend: [100, 130] });
  });

  it('tells them look by look, for the history', () => {
    const look = (waiting: number, at: number) =>
      sampleOf(stats('q', { waiting }, { rates: { windowSeconds: 10, completed: 40, died: 10 } }), at);
    expect(flows([look(0, 0), look(20, 10_000), look(0, 12_000)])).toEqual([
      { into: 7, out: 5 },
      { into: 0, out: 5 },
    ]);
    expect(flows([sampleOf(stats('q'), 0), sampleOf(stats('q'), 1000)])).toEqual([]);
  });

  it('knows the workers of a queue where each says which is its', () => {
    const crews = (workers: Look['workers']) =>
      play(begin(), looked([stats('a'), stats('b')], 0, { workers })).state.list.map((row) => row.workers);
    expect(crews({ alive: 2, silent: 1, byQueue: { a: { alive: 2, silent: 1 } } })).toEqual([
      { alive: 2, silent: 1 },
      { alive: 0, silent: 0 },
    ]);
    expect(crews({ alive: 2, silent: 1 })).toEqual([undefined, undefined]);
  });

  it('tells nothing after one look, or where the backend tells nothing', () => {
    const { state } = play(
      begin(),
      looked([stats('q', { waiting: 1 })], 0),
      looked([stats('q', { waiting: 9 })], 1000),
    );
    expect(state.list[0]?.into).toBeUndefined();
    expect(seen().list[0]?.into).toBeUndefined();
  });
});

describe('order', () => {
  it('shows the worst first: what dies, then what misses its target, then what grows', () => {
    const { state } = play(
      begin([place('prod', { targets: { slow: { queue: 60, lanes: {} } } })]),
      looked([
        stats('calm', { completed: 5 }),
        stats('slow', { waiting: 3 }, { oldestWaitingSeconds: 61 }),
        stats('old', { dead: 1 }),
        stats('dying', { dead: 50 }, { rates: { windowSeconds: 300, completed: 9, died: 30 } }),
      ]),
    );
    expect(queues(state)).toEqual(['dying', 'slow', 'old', 'calm']);
    expect(state.list.map(({ finding }) => finding?.text)).toEqual([
      '30 died in 5m',
      'over its target',
      'has dead jobs',
      undefined,
    ]);
  });

  it('sorts by each column in turn, and turns round', () => {
    expect(queues(seen())).toEqual(['email', 'webhooks', 'reports']);
    const byName = play(seen(), ...keys('s')).state;
    expect([byName.sort, queues(byName)]).toEqual(['queue', ['email', 'reports', 'webhooks']]);
    expect(queues(play(byName, ...keys('S')).state)).toEqual(['webhooks', 'reports', 'email']);
    expect(queues(play(byName, ...keys('s')).state)).toEqual(['webhooks', 'email', 'reports']);
  });

  it('leaves the cursor on its queue when the lines change places', () => {
    const { state } = play(seen(), ...keys('down'));
    expect(state.list[state.cursor.index]?.queue).toBe('webhooks');
    const worse = [
      ...flood.slice(0, 2),
      stats('webhooks', { waiting: 1, dead: 9000 }, { rates: { windowSeconds: 60, completed: 0, died: 900 } }),
    ];
    const after = play(state, looked(worse, 5000)).state;
    expect(after.list.map(({ queue }) => queue)[after.cursor.index]).toBe('webhooks');
    expect(after.cursor.index).toBe(0);
  });

  it('leaves a cursor that was never moved on the worst', () => {
    const after = play(
      seen(),
      looked([stats('new', { dead: 1 }, { rates: { windowSeconds: 1, completed: 0, died: 99 } }), ...flood], 5000),
    ).state;
    expect(after.cursor.index).toBe(0);
  });
});

describe('filter and moving', () => {
  const many = Array.from({ length: 1000 }, (_, n) => stats(`queue-${String(n).padStart(4, '0')}`));
  const large = play(begin(), looked(many)).state;

  it('filters while it is typed; Enter keeps it, Esc drops it', () => {
    const filtering = play(seen(), ...keys('/'), ...typed('HOOK')).state;
    expect(queues(filtering)).toEqual(['webhooks']);
    expect(queues(play(filtering, ...keys('enter')).state)).toEqual(['webhooks']);
    expect(queues(play(filtering, ...keys('backspace', 'escape')).state)).toHaveLength(3);
  });

  it.each([
    [['down', 'j'], 2],
    [['G'], 999],
    [['end', 'k', 'up'], 997],
    [['pagedown'], 20],
    [['pagedown', 'pageup', 'up'], 0],
    [['end', 'g'], 0],
  ])('%j leads to line %i, in sight', (names, line) => {
    const { cursor } = play(large, ...keys(...names)).state;
    expect(cursor.index).toBe(line);
    expect(cursor.top).toBeLessThanOrEqual(line);
    expect(cursor.top + 20).toBeGreaterThan(line);
  });

  it('keeps the cursor in sight when the window shrinks', () => {
    const { cursor } = play(large, ...keys('pagedown', 'up'), { type: 'resized', columns: 60, rows: 15 }).state;
    expect(cursor.top + 11).toBeGreaterThan(cursor.index);
  });
});

describe('several contexts', () => {
  it('shows the queues of all, and knows which is whose', () => {
    const { state } = play(
      begin([place('a'), place('b')]),
      looked([stats('email', { dead: 1 })], 0, { place: 'a' }),
      looked([stats('email', { dead: 5 })], 0, { place: 'b' }),
    );
    expect(state.list.map((row) => [row.place, row.queue])).toEqual([
      ['b', 'email'],
      ['a', 'email'],
    ]);
    expect(only(play(state, ...keys('down', 'enter')).effects, 'ask')).toMatchObject([{ place: 'a' }]);
  });
});

it('knows the target of a queue and of each of its lanes', () => {
  const targets = {
    mail: { queue: 300, lanes: { express: 60, bulk: 3600 } },
    push: { lanes: { express: 60, bulk: 3600 } },
  };
  const known = { targets };
  expect(['mail', 'push', 'none', 'constructor'].map((queue) => targetOf(known, queue))).toEqual([
    300,
    3600,
    undefined,
    undefined,
  ]);
  const lanes = ['express', 'bulk', '', 'constructor'];
  expect(lanes.map((lane) => laneTargetOf(known, 'mail', lane))).toEqual([60, 3600, 300, 300]);
  expect(lanes.map((lane) => laneTargetOf(known, 'push', lane))).toEqual([60, 3600, undefined, undefined]);
});
