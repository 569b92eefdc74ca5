import { expect, it } from 'vitest';
import { plainStyle } from '../../src/output/page.ts';
import type { Message } from '../../src/top/messages.ts';
import type { State } from '../../src/top/model.ts';
import { frameLines } from '../../src/top/views/frame.ts';
import { begin, flood, keys, looked, now, place, plan, play, seen, stats, typed } from './scene.ts';

const plain = { style: plainStyle, clean: (text: string) => text, colour: false, unicode: true };
const frame = (state: State): string[] => frameLines(state, plain);

const away: Message = { type: 'look-failed', place: 'd', message: 'connection refused', at: 1000 };
const four = play(
  begin([place('a', { protected: true }), place('b'), place('c'), place('d')]),
  ...['a', 'b', 'c'].map((name) => looked([stats(`only-${name}`, { waiting: 1 })], 1000, { place: name })),
  away,
).state;

it('says that a context which has no line of its own cannot be reached', () => {
  expect(frame(four)[2]).toMatch(/^c · locked · and 1 more context, 1 NOT REACHED · /);
  expect(frame({ ...four, rows: 15 })[0]).toMatch(/^a PROTECTED · locked · and 3 more contexts, 1 NOT REACHED · /);
});

it('names on the screen of a context that context alone, also in a small window', () => {
  for (const rows of [15, 30]) {
    const lines = frame(play({ ...four, rows }, ...keys(':'), ...typed('queue only-b'), ...keys('enter')).state);
    expect(lines[0]).toMatch(/^b · locked/);
    expect(lines.join('\n')).not.toMatch(/PROTECTED|NOT REACHED/);
    expect(lines).toHaveLength(rows);
  }
});

it('tells the age of what is shown, not that of the overview below it', () => {
  const found = { groups: [], scanned: 0, complete: true, now };
  const open = play(seen(), ...keys('d'), {
    type: 'answered',
    ticket: 1,
    at: 2000,
    tookMs: 5,
    answer: { kind: 'dead', found },
  }).state;
  const later = play(open, { type: 'failed', ticket: 1, at: 60_000, message: 'slow' }, looked(flood, 62_000)).state;
  expect(frame(later)[0]).toContain(' · 1m old · ');
  expect(frame(play(later, ...keys('escape')).state)[0]).toContain(' · now · ');
});

it('shows all of the help in the smallest window, line by line', () => {
  const open = play({ ...seen(), columns: 60, rows: 15 }, ...keys('?')).state;
  expect(frame(open).at(-2)).toMatch(/^… \d+ more lines, Down scrolls$/);
  const end = play(open, ...keys('end')).state;
  expect(end.help).toBe(true);
  expect(frame(end).join('\n')).toMatch(/quit +leave\n *An action shows its plan first/);
  expect(play(end, ...keys('x')).state.help).toBe(false);
  expect(play({ ...open, rows: 60 }, ...keys('down')).state.help).toBe(false);
});

it('helps in the midst of an action, and neither agrees nor leaves by that', () => {
  const asking = play(
    { ...seen(), unlocked: true },
    ...keys('enter', 't'),
    { type: 'planned', plan },
    { type: 'asked', question: 'Reset?', severe: false },
  ).state;
  const helping = play(asking, ...keys('?')).state;
  expect(frame(helping).join('\n')).toContain('agree, or not');
  for (const key of ['y', 'ctrl-c', 'q']) {
    const { state, effects } = play(helping, ...keys(key));
    expect([state.help, state.panel?.stage, effects]).toEqual([false, 'asking', []]);
  }
});

it('says of a readOnly context that no key unlocks it, and plans there only', () => {
  const both = play(begin([place('a', { readOnly: true }), place('b')]), looked(flood, 0, { place: 'a' })).state;
  const { state, effects } = play(both, ...keys('W', 'enter', 't'));
  expect(state.unlocked).toBe(true);
  expect(effects).toMatchObject([{ type: 'act', place: 'a', dryRun: true }]);
  const report = { schemaVersion: 1, verb: 'reset', queues: [], dryRun: true, matched: 0, more: 0 } as never;
  const ended = play(state, { type: 'planned', plan }, { type: 'ended', ending: { report } }).state;
  expect(frame(ended).join('\n')).toContain('The context is readOnly');
  const failed = play(state, { type: 'ended', ending: { failure: 'cannot', next: [] } }).state;
  expect(frame(failed).join('\n')).not.toMatch(/this was the plan/);
});
