import { describe, expect, it } from 'vitest';
import { commandOf } from '../../src/operations/order.ts';
import { plainStyle } from '../../src/output/page.ts';
import type { Message } from '../../src/top/messages.ts';
import type { Panel, State } from '../../src/top/model.ts';
import { panelLines } from '../../src/top/panel-text.ts';
import { keys, now, only, plan, play, seen, typed } from './scene.ts';

const dead: Message = {
  type: 'answered',
  ticket: 1,
  at: 2000,
  tookMs: 5,
  answer: {
    kind: 'dead',
    found: {
      groups: [{ group: 'g-1', signature: 'E', count: 300, types: ['t'], sampleIds: ['1'] }],
      scanned: 412,
      complete: true,
      now,
    },
  },
};
const jobs: Message = {
  type: 'answered',
  ticket: 2,
  at: 2000,
  tookMs: 5,
  answer: {
    kind: 'jobs',
    jobs: ['a', 'b', 'c'].map((id) => ({ id, type: 't', attempts: 1, error: 'E' })),
    more: false,
    now,
  },
};
const planned: Message = { type: 'planned', plan };
const asked: Message = { type: 'asked', question: 'Replay 300 jobs?', severe: false };
const named: Message = { type: 'asked', question: 'Remove? Type email to confirm', severe: true };

const atGroups = (unlocked = true): State => play(seen(undefined, { unlocked }), ...keys('d'), dead).state;
const atJobs = (unlocked = true): State => play(atGroups(unlocked), ...keys('enter'), jobs).state;
const stage = ({ panel }: State): Panel['stage'] | undefined => panel?.stage;
const orders = (state: State, ...names: string[]) =>
  only(play(state, ...keys(...names)).effects, 'act').map(({ order }) => order);

describe('which jobs', () => {
  it('is asked first: a key for an action alone does nothing', () => {
    for (const key of ['r', 'x', 'e']) {
      const { state, effects } = play(atGroups(), ...keys(key));
      expect([stage(state), effects]).toEqual(['scope', []]);
      expect(play(state, ...keys('y', 'enter')).effects).toEqual([]);
    }
  });

  it('is the group, or all of the queue', () => {
    expect(orders(atGroups(), 'r', 'g')).toEqual([{ verb: 'replay', queue: 'email', narrow: { group: 'g-1' } }]);
    expect(orders(atGroups(), 'x', 'a')).toEqual([{ verb: 'remove', queue: 'email', narrow: {} }]);
  });

  it('is what was marked, the one job, or all that match', () => {
    expect(orders(atJobs(), 'space', 'space', 'r', 'm')).toEqual([
      { verb: 'replay', queue: 'email', narrow: { ids: ['a', 'b'] } },
    ]);
    expect(orders(atJobs(), 'down', 'r', 'o')).toEqual([{ verb: 'replay', queue: 'email', narrow: { ids: ['b'] } }]);
    expect(orders(atJobs(), 'r', 'a')).toEqual([{ verb: 'replay', queue: 'email', narrow: { group: 'g-1' } }]);
    expect(orders(atJobs(), 'space', 'm', 'r', 'm')).toEqual([]);
  });

  it('is nothing after Esc', () => {
    expect(stage(play(atGroups(), ...keys('r', 'escape')).state)).toBeUndefined();
  });
});

describe('the road of an action', () => {
  const asking = play(atGroups(), ...keys('r', 'g'), planned, asked).state;

  it('is a dry run while writing is locked', () => {
    expect(only(play(atGroups(false), ...keys('r', 'g')).effects, 'act')).toMatchObject([{ dryRun: true }]);
    expect(only(play(atGroups(), ...keys('r', 'g')).effects, 'act')).toMatchObject([{ dryRun: false }]);
  });

  it('goes on with y alone', () => {
    for (const key of ['enter', 'space', 'r', 'Y']) expect(play(asking, ...keys(key)).effects).toEqual([]);
    const { state, effects } = play(asking, ...keys('y'));
    expect([stage(state), effects]).toEqual(['running', [{ type: 'reply', yes: true }]]);
  });

  it.each(['n', 'q', 'escape', 'ctrl-c'])('takes %s for no', (key) => {
    expect(play(asking, ...keys(key)).effects).toEqual([{ type: 'reply', yes: false }]);
  });

  it('wants the name typed where the command line does', () => {
    const severe = play(atGroups(), ...keys('x', 'a'), planned, named).state;
    expect(play(severe, ...keys('y')).effects).toEqual([]);
    const { effects } = play(severe, ...typed('emaix'), ...keys('backspace', 'l', 'enter'));
    expect(effects).toEqual([{ type: 'reply', yes: true, text: 'email' }]);
    expect(play(severe, ...keys('enter')).effects).toEqual([{ type: 'reply', yes: false, text: '' }]);
  });

  it('shows how far it is, and stops after the batch in flight; the second Ctrl-C leaves', () => {
    const running = play(asking, ...keys('y'), { type: 'progressed', progress: { done: 10, of: 300, exact: true } });
    expect(running.state.panel).toMatchObject({ stage: 'running', progress: { done: 10 } });
    const stopping = play(running.state, ...keys('ctrl-c'));
    expect(stopping.effects).toEqual([{ type: 'stop' }]);
    expect(play(stopping.state, ...keys('s', 'escape', 'q')).effects).toEqual([]);
    expect(play(stopping.state, ...keys('ctrl-c')).effects).toEqual([{ type: 'exit', code: 130 }]);
  });

  it('leaves with Ctrl-C where nothing goes on', () => {
    const chosen = play(atGroups(), ...keys('r')).state;
    const over = play(asking, { type: 'ended', ending: { said: 'x' } }).state;
    for (const state of [chosen, over])
      expect(play(state, ...keys('ctrl-c')).effects).toEqual([{ type: 'exit', code: 130 }]);
    const planning = play(chosen, ...keys('g')).state;
    expect(play(planning, ...keys('escape')).effects).toEqual([{ type: 'stop' }]);
  });

  it('does not leave, and opens nothing, while it goes on', () => {
    const { state, effects } = play(asking, ...keys('y', 'q', ':', '?', 'd'));
    expect([stage(state), effects, state.screens.length]).toEqual(['running', [], 2]);
  });

  it('ends with what became of it and looks again at once', () => {
    const { state, effects } = play(asking, ...keys('y'), { type: 'ended', ending: { said: 'done' } });
    expect([stage(state), effects]).toEqual(['ended', [{ type: 'look', place: 'prod' }]]);
    const closed = play(state, ...keys('enter'));
    expect([stage(closed.state), only(closed.effects, 'ask')[0]?.question.kind]).toEqual([undefined, 'dead']);
  });

  it('advises commands that lead to the context it acted on', () => {
    const next = ['jobctl resume email', 'jobctl drain email --evacuate   # takes what waits out', 'Ask the team.'];
    const { state } = play(asking, ...keys('y'), { type: 'ended', ending: { failure: 'locked', next } });
    const text = panelLines(state.panel as never, state, { width: 200, style: plainStyle, clean: (one) => one });
    expect(text.join('\n')).toContain('jobctl resume email -c prod\n');
    expect(text.join('\n')).toContain('jobctl drain email --evacuate -c prod   # takes what waits out\n');
    expect(text.join('\n')).toMatch(/Ask the team\.$/);
  });

  it('knows no question and no end of an action that is not there', () => {
    for (const message of [planned, asked, { type: 'ended', ending: { said: 'x' } } as const]) {
      expect(play(seen(), message).state.panel).toBeUndefined();
    }
  });

  it('asks for the file of an export and needs no unlocking', () => {
    const { state } = play(atGroups(false), ...keys('e', 'g'));
    expect(state.input).toMatchObject({ kind: 'file', text: 'dead-email.ndjson' });
    const { effects } = play(state, ...keys('ctrl-u'), ...typed('/tmp/d.ndjson'), ...keys('enter'));
    expect(only(effects, 'act')).toMatchObject([
      { dryRun: false, order: { verb: 'export', file: '/tmp/d.ndjson', narrow: { group: 'g-1' } } },
    ]);
  });
});

it.each([
  [{ verb: 'replay', queue: 'email', narrow: { group: 'g-1' } }, 'jobctl replay email --group g-1 -c prod'],
  [{ verb: 'remove', queue: 'e mail', narrow: {} }, "jobctl purge 'e mail' --state dead -c prod"],
  [
    { verb: 'remove', queue: 'email', narrow: { ids: ['1', '2'] } },
    'jobctl remove email --state dead --id 1 --id 2 -c prod',
  ],
  [
    { verb: 'export', queue: 'email', narrow: { error: 'timed out' }, file: 'a' },
    "jobctl dlq export email --error 'timed out' --output a -c prod",
  ],
  [{ verb: 'cancel', queue: 'email', narrow: { ids: ['7'] } }, 'jobctl job cancel 7 -c prod'],
  [{ verb: 'reset', queue: 'email', narrow: {} }, 'jobctl reset email -c prod'],
  [{ verb: 'pause', queue: 'email' }, 'jobctl pause email -c prod'],
  [{ verb: 'undo', run: 'r1' }, 'jobctl undo r1 -c prod'],
  [{ verb: 'go-on', run: 'r1' }, 'jobctl run resume r1 -c prod'],
] as const)('%j is %s', (order, command) => {
  expect(commandOf(order, ['-c', 'prod'])).toBe(command);
});
