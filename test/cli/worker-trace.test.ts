import { expect, it } from 'vitest';
import { workerTrace } from '../../src/cli/worker-trace.ts';
import type { LogAnswer, LogRequest } from '../../src/domain/log.ts';

const at = '2026-11-24T03:41:09.000000Z';

it('tells whose log has a line of the job, by any of its names, and nothing where there is none or none can be asked', async () => {
  const asked: LogRequest[] = [];
  const logs = async (request: LogRequest): Promise<LogAnswer> => {
    asked.push(request);
    const lines = request.text === 'smoke-1' ? [{ at, source: 'bill', text: 'handled smoke-1' }] : [];
    return { lines, more: false, sources: ['bill'], notes: [] };
  };
  expect(await workerTrace({ logs }, 'orders', ['m-1', 'smoke-1'], 90)).toBe('a line in the log of bill');
  expect(asked.map(({ text }) => text)).toEqual(['m-1', 'smoke-1']);
  expect(asked[0]).toMatchObject({ queue: 'orders', sinceSeconds: 90 });
  expect(await workerTrace({ logs }, 'orders', ['m-1'], 90)).toBeUndefined();
  expect(await workerTrace({ logs: () => Promise.reject(new Error('denied')) }, 'orders', ['m-1'], 90)).toBeUndefined();
  expect(await workerTrace({}, 'orders', ['m-1'], 90)).toBeUndefined();
});
