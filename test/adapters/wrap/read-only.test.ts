import { expect, it } from 'vitest';
import { memoryAdapter } from '../../../src/adapters/memory/index.ts';
import { readOnly } from '../../../src/adapters/wrap/read-only.ts';
import { requireOps } from '../../../src/domain/capability.ts';

it('a read-only adapter has no write method at all, and says why', () => {
  const adapter = readOnly(memoryAdapter(), 'the context prod is readOnly');
  expect(Object.keys(adapter.can).sort()).toEqual(Object.keys(memoryAdapter().can).sort());
  for (const [verb, capability] of Object.entries(adapter.can)) {
    expect(capability, verb).toEqual({ level: 'none', why: 'the context prod is readOnly', refused: true });
    expect(() => requireOps<unknown>('memory', verb, capability)).toThrow(
      expect.objectContaining({ code: 'JOBCTL_REFUSED' }),
    );
  }
  expect(Object.keys(adapter).sort()).toEqual(
    [
      'backend',
      'browse',
      'can',
      'close',
      'count',
      'find',
      'now',
      'pushes',
      'queues',
      'reads',
      'schedules',
      'stats',
    ].sort(),
  );
});
