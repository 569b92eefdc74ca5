import { expect } from 'vitest';
import type { Capabilities } from '../../domain/adapter.ts';
import { browseAll, inState, replay, whole } from '../act.ts';
import type { Topic } from '../topic.ts';

const unreachable = expect.objectContaining({ code: 'JOBCTL_UNREACHABLE' });
const claiming = ['replay', 'reset', 'remove', 'cancel', 'edit'] satisfies (keyof Capabilities)[];
const returning = ['restore', 'revert'] satisfies (keyof Capabilities)[];

export const closed: Topic = {
  name: 'closed',
  checks: {
    'refuses every reading call with one code, and closes twice': async ({ adapter, seed }) => {
      const [id = ''] = await seed('letters', [{ state: 'dead' }]);
      await adapter.close();
      await adapter.close();
      const calls: Record<string, () => Promise<unknown>> = {
        now: () => adapter.now(),
        queues: () => adapter.queues(),
        stats: () => adapter.stats({}),
        count: () => adapter.count(whole('letters')),
        browse: () => browseAll(adapter, whole('letters')),
        find: () => adapter.find(id),
      };
      for (const [name, call] of Object.entries(calls)) await expect(call(), name).rejects.toThrow(unreachable);
    },
    'refuses every writing call with the same code': async ({ adapter, seed, dump }) => {
      await seed('letters', [{ state: 'dead' }]);
      const before = await dump();
      const how = { asWas: true, cutoff: await adapter.now() };
      await adapter.close();
      const calls: Record<string, () => Promise<unknown>> = {};
      for (const verb of claiming) {
        const capability = adapter.can[verb];
        if (capability.level === 'none') continue;
        const request = { selection: inState('letters', 'dead'), action: replay, size: 1 };
        calls[verb] = async () => capability.ops.claim(request)[Symbol.asyncIterator]().next();
      }
      for (const verb of returning) {
        const capability = adapter.can[verb];
        if (capability.level !== 'none') calls[verb] = () => capability.ops.hold([], how);
      }
      const { lock } = adapter.can;
      if (lock.level !== 'none')
        calls['lock'] = () => lock.ops.acquire({ queues: ['letters'], holder: 'run 1', waitMs: 0 });
      for (const [name, call] of Object.entries(calls)) await expect(call(), name).rejects.toThrow(unreachable);
      expect(await dump()).toBe(before);
    },
  },
};
