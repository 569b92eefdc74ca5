import { expect, it } from 'vitest';
import { limitOf, wantedScale, windowOf } from '../../src/cli/scale-flags.ts';

const usage = expect.objectContaining({ code: 'JOBCTL_USAGE' });

it('reads a limit, or none, and nothing else', () => {
  expect(['20', '0', 'none', undefined].map((text) => limitOf('max-concurrency', text))).toEqual([
    20,
    0,
    null,
    undefined,
  ]);
  for (const text of ['many', '-1', '1.5', '', '1e3'])
    expect(() => limitOf('max-concurrency', text), text).toThrow(usage);
});

it('reads a window in whole seconds', () => {
  expect(['5s', '1m', '0s', 'none', undefined].map(windowOf)).toEqual([5, 60, null, null, undefined]);
  for (const text of ['5', '500ms', 'long']) expect(() => windowOf(text), text).toThrow(usage);
});

it('wants something to set', () => {
  expect(wantedScale({ batchSize: 5, maxConcurrency: undefined })).toEqual({ batchSize: 5 });
  expect(() => wantedScale({ batchSize: undefined })).toThrow(usage);
});
