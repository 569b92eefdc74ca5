import { describe, expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { criteria, matcher, matches, residue, type Selection } from '../../src/domain/selection.ts';

const noon = '2026-01-01T12:00:00.000000Z';
const before = '2026-01-01T11:59:59.999999Z';
const after = '2026-01-01T12:00:00.000001Z';

const job: Job = {
  queue: 'letters',
  id: '7',
  type: 'mail.send',
  state: 'dead',
  native: 'failed',
  retrying: false,
  attempts: 3,
  payload: '{}',
  since: noon,
  createdAt: before,
  lane: 'eu',
  tenant: 'acme',
};

const all: Selection = { queues: ['letters'], states: ['dead'] };
const match = (more: Partial<Selection>, one: Partial<Job> = {}) => matches({ ...all, ...more }, { ...job, ...one });

describe('a selection', () => {
  it('takes what no criterion keeps out', () => {
    expect(match({})).toBe(true);
  });

  it.each<[string, Partial<Selection>]>([
    ['queue', { queues: ['parcels'] }],
    ['state', { states: ['waiting', 'active'] }],
    ['id', { ids: ['70'] }],
    ['type', { types: ['mail.Send'] }],
    ['lane', { lane: 'us' }],
    ['tenant', { tenant: 'nobody' }],
    ['proof that it is stuck', { stuck: true }],
    ['later start', { after }],
    ['earlier start', { before }],
    ['cutoff', { cutoff: before }],
  ])('keeps out a job of another %s', (_, more) => {
    expect(match(more)).toBe(false);
  });

  it.each<[string, Partial<Selection>]>([
    ['queues', { queues: [] }],
    ['states', { states: [] }],
    ['ids', { ids: [] }],
    ['types', { types: [] }],
  ])('with an empty list of %s takes nothing', (_, more) => {
    expect(match(more)).toBe(false);
  });

  it('includes both edges of a time window', () => {
    expect([match({ before: noon }), match({ after: noon }), match({ cutoff: noon })]).toEqual([true, true, true]);
  });

  it('never takes a job of unknown time into a window, and always under a cutoff', () => {
    const unknown = { since: undefined };
    expect([
      match({ before: after }, unknown),
      match({ after: before }, unknown),
      match({ cutoff: noon }, unknown),
    ]).toEqual([false, false, true]);
  });

  it('asks of a delayed job when it was created, not when it is due', () => {
    const due = { state: 'delayed', since: '2027-01-01T00:00:00.000000Z' } as const;
    const made = (createdAt: string) => match({ states: ['delayed'], cutoff: noon }, { ...due, createdAt });
    expect([made(before), made(after)]).toEqual([true, false]);
  });

  it('takes stuck: false for no wish', () => {
    expect([match({ stuck: false }), match({ stuck: false }, { stuck: 'its lease ended' })]).toEqual([true, true]);
    expect(match({ stuck: true }, { stuck: 'its lease ended' })).toBe(true);
  });

  it.each(['error', 'group', 'where'] as const)('is refused when its %s was not compiled', (name) => {
    expect(() => matcher({ ...all, [name]: 'x' })).toThrow(TypeError);
    expect(matcher({ ...all, [name]: 'x' }, { [name]: () => true })(job)).toBe(true);
    expect(matcher({ ...all, [name]: 'x' }, { [name]: () => false })(job)).toBe(false);
  });

  it('leaves to us what the backend does not push', () => {
    expect(residue({ ...all, lane: 'eu', where: 'true' }, new Set(['queues', 'states', 'lane']))).toEqual(['where']);
    expect(residue({ ...all, lane: 'eu' }, new Set(criteria))).toEqual([]);
  });
});
