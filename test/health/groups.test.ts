import { expect, it } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { grouper } from '../../src/health/groups.ts';

const job = (id: number, more: Partial<Job> = {}): Job => ({
  queue: 'q',
  id: String(id),
  type: 'mail',
  state: 'dead',
  native: 'failed',
  retrying: false,
  attempts: 1,
  payload: '{}',
  ...more,
});
const at = (second: number): string => `2026-11-24T00:00:0${second}.000000Z`;

it('counts by cause, the largest first, with first and last seen, types and at most five samples', () => {
  const groups = grouper('error');
  for (let i = 0; i < 7; i++) groups.add(job(i, { error: { message: `user ${i} unknown` }, since: at(9 - i) }));
  groups.add(job(8, { error: { message: 'lost' } }));
  const result = groups.result();
  expect(result).toMatchObject({ scanned: 8, others: 0 });
  expect(result.groups).toEqual([
    {
      group: expect.stringMatching(/^g-[0-9a-f]{8}$/),
      signature: 'mail: user <n> unknown',
      count: 7,
      types: ['mail'],
      firstSeen: at(3),
      lastSeen: at(9),
      sampleIds: ['0', '1', '2', '3', '4'],
    },
    { group: expect.any(String), signature: 'mail: lost', count: 1, types: ['mail'], sampleIds: ['8'] },
  ]);
});

it('counts by type, tenant and lane, with a group for those that have none', () => {
  const jobs = [job(1, { tenant: 'acme' }), job(2, { tenant: 'acme', type: 'sms' }), job(3)];
  const by = (key: 'type' | 'tenant' | 'lane') => {
    const groups = grouper(key);
    for (const one of jobs) groups.add(one);
    return groups.result().groups.map(({ group, count, types }) => [group, count, types]);
  };
  expect(by('type')).toEqual([
    ['mail', 2, ['mail']],
    ['sms', 1, ['sms']],
  ]);
  expect(by('tenant')).toEqual([
    ['acme', 2, ['mail', 'sms']],
    ['(none)', 1, ['mail']],
  ]);
  expect(by('lane')).toEqual([['(none)', 3, ['mail', 'sms']]]);
});

it('stays bounded, and says how many jobs it did not place', () => {
  const groups = grouper('type', 3);
  for (let i = 0; i < 100; i++) groups.add(job(i, { type: `t${i % 10}` }));
  const { scanned, others, groups: found } = groups.result();
  expect(found).toHaveLength(3);
  expect([scanned, others, found.reduce((all, { count }) => all + count, 0)]).toEqual([100, 70, 30]);
});
