import { expect } from 'vitest';
import type { Capabilities } from '../../domain/adapter.ts';
import { requireOps } from '../../domain/capability.ts';
import { criteria } from '../../domain/selection.ts';
import { somethingSaid } from '../act.ts';
import type { Topic } from '../topic.ts';

const claiming = ['claim', 'settle'];
const returning = ['hold', 'settle'];
const operations: Record<keyof Capabilities, readonly string[]> = {
  replay: claiming,
  reset: claiming,
  remove: claiming,
  cancel: claiming,
  edit: claiming,
  restore: returning,
  revert: returning,
  lock: ['acquire'],
};

export const capabilities: Topic = {
  name: 'capabilities',
  checks: {
    'says of every ability what it is, and why when it is missing or only emulated': async ({ adapter }) => {
      for (const verb of Object.keys(operations) as (keyof Capabilities)[]) {
        const capability = adapter.can[verb];
        expect(capability.level, verb).toMatch(/^(native|emulated|none)$/);
        if (capability.level === 'none') expect(capability.why, verb).toEqual(somethingSaid);
        if (capability.level === 'emulated') expect(capability.caveat, verb).toEqual(somethingSaid);
      }
    },
    'has the operations of every ability that it claims, and none of the others': async ({ adapter }) => {
      for (const [verb, names] of Object.entries(operations) as [keyof Capabilities, readonly string[]][]) {
        const capability = adapter.can[verb];
        if (capability.level === 'none') {
          expect(capability, verb).not.toHaveProperty('ops');
          expect(() => requireOps('here', verb, capability), verb).toThrow(
            expect.objectContaining({ code: capability.refused ? 'JOBCTL_REFUSED' : 'JOBCTL_UNSUPPORTED' }),
          );
        } else
          for (const name of names)
            expect((capability.ops as unknown as Record<string, unknown>)[name], `${verb}.${name}`).toBeTypeOf(
              'function',
            );
      }
    },
    'describes the backend in words that can be shown': async ({ adapter, holds }) => {
      const { name, where, version, errors, errorsNote, untold } = adapter.backend;
      for (const text of [name, where, version]) expect(text).toEqual(somethingSaid);
      expect(where).not.toMatch(/:\/\/[^/@\s]*:[^*@/\s][^@/\s]*@/);
      if (errors === 'none') expect(errorsNote).toEqual(somethingSaid);
      for (const what of ['tenant', 'lane'] as const)
        if (holds.attributes.has(what)) expect(untold ?? {}, 'what its jobs have').not.toHaveProperty(what);
      for (const state of holds.states)
        expect(untold?.states ?? {}, 'the states of its jobs').not.toHaveProperty(state);
      for (const { why } of Object.values(untold?.states ?? {})) expect(why).toEqual(somethingSaid);
      for (const criterion of adapter.pushes) expect(criteria).toContain(criterion);
    },
  },
};
