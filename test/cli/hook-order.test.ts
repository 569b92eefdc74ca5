import { expect, it } from 'vitest';
import { hookFor } from '../../src/cli/switches.ts';
import type { Capability } from '../../src/domain/capability.ts';
import type { Pauses } from '../../src/domain/pause.ts';

const ops = {} as Pauses;
const hook = { command: 'scale to 0', resume: 'scale back' };

const hookWhere = (pause: Capability<Pauses> | undefined, queue = 'orders') =>
  hookFor(
    {
      context: { queues: { orders: { pause: hook } } } as unknown as Parameters<typeof hookFor>[0]['context'],
      adapter: { can: pause === undefined ? {} : { pause } } as Parameters<typeof hookFor>[0]['adapter'],
    },
    queue,
  );

it('a hook comes after means that stop every worker, and before those that know only some of them', () => {
  expect(hookWhere({ level: 'native', ops })).toBeUndefined();
  expect(hookWhere({ level: 'emulated', caveat: 'only Lambda', ops })).toBe(hook);
  expect(hookWhere(undefined)).toBe(hook);
  expect(hookWhere({ level: 'none', why: 'it has no pause' })).toBe(hook);
  expect(hookWhere({ level: 'none', why: 'the context is readOnly', refused: true })).toBeUndefined();
  expect(hookWhere({ level: 'emulated', caveat: 'only Lambda', ops }, 'bills')).toBeUndefined();
});
