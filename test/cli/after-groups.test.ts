import { expect, it } from 'vitest';
import { afterGroups } from '../../src/cli/after-groups.ts';
import { type GroupKey, grouper } from '../../src/health/groups.ts';
import { groupsOf } from '../../src/operations/next-steps.ts';

const groups = (by: GroupKey, ...tenants: (string | undefined)[]) => {
  const found = grouper(by);
  for (const [index, tenant] of tenants.entries())
    found.add({
      id: `${index}`,
      queue: 'email',
      type: 'email.send',
      state: 'dead',
      native: 'failed',
      retrying: false,
      attempts: 1,
      payload: '{}',
      tenant,
    });
  return found.result().groups;
};

it('those without a tenant are looked at, and the largest group that a flag selects is acted on', () => {
  expect(afterGroups(groups('tenant', undefined, undefined, "ada's"), 'my mail', 'tenant')).toEqual([
    'jobctl dlq show 0',
    `jobctl replay 'my mail' --tenant 'ada'\\''s' --dry-run`,
  ]);
  expect(afterGroups(groups('tenant', undefined), 'email', 'tenant')).toEqual(['jobctl dlq show 0']);
});

it('without one queue there is nothing to act on, without groups nothing at all', () => {
  expect(afterGroups(groups('type', undefined), undefined, 'type')).toEqual(['jobctl dlq show 0']);
  expect(afterGroups([], 'email', 'error')).toEqual([]);
});

it('the look at the groups takes one queue, or all of them', () => {
  expect(groupsOf([])).toBe('jobctl dlq groups');
  expect(groupsOf(['my mail'])).toBe(`jobctl dlq groups 'my mail'`);
  expect(groupsOf(['email', 'reports'])).toBe('jobctl dlq groups');
});
