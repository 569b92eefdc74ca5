import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { terminalPrompt } from '../../src/safety/terminal-prompt.ts';

/** Types the keys once the question stands on the screen. */
async function typing<T>(
  keys: string,
  ask: (prompt: ReturnType<typeof terminalPrompt>) => Promise<T>,
): Promise<{ answer: T; screen: string }> {
  const input = new PassThrough();
  const output = new PassThrough();
  let screen = '';
  let typed = false;
  output.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    if (typed || !screen.includes('Really?')) return;
    typed = true;
    // The prompt listens as soon as it has drawn itself.
    setImmediate(() => {
      for (const key of keys) input.write(key);
    });
  });
  return { answer: await ask(terminalPrompt({ input, output })), screen };
}

it.each([
  ['y', true],
  ['n', false],
  ['\r', false],
  ['\x03', undefined],
])('yes or no: the key %j means %s', async (keys, expected) => {
  const { answer, screen } = await typing(keys, (prompt) => prompt.yesNo('Really?'));
  expect(answer).toBe(expected);
  expect(screen).toContain('Really?');
});

it.each([
  ['email\r', 'email'],
  ['\r', ''],
  ['em\x03', undefined],
])('a text: the keys %j mean %j', async (keys, expected) => {
  expect((await typing(keys, (prompt) => prompt.text('Really?'))).answer).toBe(expected);
});
