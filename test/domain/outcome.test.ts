import { describe, expect, it } from 'vitest';
import { requireOps } from '../../src/domain/capability.ts';
import { ExitCode, JobctlError } from '../../src/domain/errors.ts';
import { leavesWork, type Outcome, skipReasons } from '../../src/domain/outcome.ts';

const ref = { queue: 'letters', id: '7' };

describe('outcomes', () => {
  it('leave work unless the job is done, gone or already as wanted', () => {
    const settled = skipReasons.filter((why) => !leavesWork({ ref, result: 'skipped', why }));
    expect(settled).toEqual(['state-changed', 'not-found', 'unchanged']);
    const others: Outcome[] = [
      { ref, result: 'done' },
      { ref, result: 'failed', why: 'x' },
      { ref, result: 'unknown', why: 'x' },
    ];
    expect(others.map(leavesWork)).toEqual([false, true, true]);
  });
});

describe('a capability', () => {
  it('opens only where it has operations', () => {
    expect(requireOps('here', 'replay', { level: 'native', ops: 7 })).toBe(7);
    expect(requireOps('here', 'replay', { level: 'emulated', caveat: 'slow', ops: 7 })).toBe(7);
  });

  it('tells apart what the backend cannot do and what the context forbids', () => {
    const none = { level: 'none', why: 'no such call', instead: 'jobctl drain' } as const;
    expect(() => requireOps('here', 'pause', none)).toThrow(
      expect.objectContaining({ code: 'JOBCTL_UNSUPPORTED', exitCode: 5, next: ['jobctl drain'] }),
    );
    expect(() => requireOps('here', 'pause', { ...none, refused: true })).toThrow(
      expect.objectContaining({ code: 'JOBCTL_REFUSED', exitCode: 4 }),
    );
  });
});

describe('errors', () => {
  it('carry one exit code for both of the ways in which it is read', () => {
    for (const [kind, exit] of Object.entries(ExitCode)) {
      if (kind === 'done') continue;
      const error = new JobctlError(kind as 'usage', 'text', { cause: new Error('why') });
      expect([error.exitCode, error.oclif.exit, error.code]).toEqual([exit, exit, `JOBCTL_${kind.toUpperCase()}`]);
      expect(error.cause).toBeInstanceOf(Error);
    }
  });
});
