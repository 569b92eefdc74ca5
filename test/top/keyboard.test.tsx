import { render } from 'ink-testing-library';
import type { ReactElement } from 'react';
import { expect, it, onTestFinished } from 'vitest';
import { plainStyle } from '../../src/output/page.ts';
import { update } from '../../src/top/state.ts';
import { App } from '../../src/top/terminal.tsx';
import { frameLines } from '../../src/top/views/frame.ts';
import { until } from '../e2e/jobctl.ts';
import { seen } from './scene.ts';

/** The screen with a keyboard and without a backend. */
function open() {
  let state = seen();
  const pressed: string[] = [];
  const look = { style: plainStyle, clean: (text: string) => text, colour: false, unicode: true };
  const app = (): ReactElement => (
    <App
      lines={frameLines(state, look)}
      columns={state.columns}
      onKey={(key) => {
        pressed.push(key);
        [state] = update(state, { type: 'key', key });
        screen.rerender(app());
      }}
      onReady={() => {}}
    />
  );
  const screen = render(app());
  onTestFinished(() => screen.unmount());
  return {
    type: (keys: string) => screen.stdin.write(keys),
    pressed: async (...keys: string[]) => {
      await until(
        () => `${keys.join(' ')}, but ${pressed.join(' ')}`,
        () => pressed.length >= keys.length,
      );
      expect(pressed.splice(0)).toEqual(keys);
    },
    cursor: () => /^>.*?(\w+) /m.exec(screen.lastFrame() ?? '')?.[1],
    frame: () => screen.lastFrame() ?? '',
  };
}

it('names the keys, whatever they come as', async () => {
  const { type, pressed } = open();
  for (const [given, ...named] of [
    ['\x1b[B', 'down'],
    ['\x1bOB', 'down'],
    ['\x1b[6~', 'pagedown'],
    ['\x1b[F', 'end'],
    ['\r', 'enter'],
    ['\x7f', 'backspace'],
    [' ', 'space'],
    ['\x12', 'ctrl-r'],
    ['jjk', 'j', 'j', 'k'],
    ['eg\x15x', 'e', 'g', 'ctrl-u', 'x'],
    ['ab\x7f', 'a', 'b', 'backspace'],
    ['\x1bd', 'escape', 'd'],
    ['W', 'W'],
    ['é', 'é'],
  ] as const) {
    type(given);
    await pressed(...named);
  }
  type('\x1b');
  await pressed('escape');
});

it('takes a pasted text for a text, never for keys', async () => {
  const { type, pressed } = open();
  type('\x1b[200~q x\ny\x1b[201~');
  await pressed('text:q x y');
});

it('draws what a key has changed', async () => {
  const { type, cursor, frame, pressed } = open();
  expect(cursor()).toBe('email');
  type('j');
  await pressed('j');
  expect(cursor()).toBe('webhooks');
  type('/');
  type('rep');
  await pressed('/', 'r', 'e', 'p');
  expect(cursor()).toBe('reports');
  expect(frame()).toContain('/rep_');
});
