import { expect, it } from 'vitest';
import { groupDead } from '../../../src/operations/group-dead.ts';
import { groupsText } from '../../../src/output/groups-text.ts';
import { plainStyle } from '../../../src/output/page.ts';
import { inState } from '../../../src/testkit/act.ts';
import { hasty } from '../../conformance/sqs-bench.ts';
import { openOffice } from './office.ts';
import { numbered, openScene, remove } from './scene.ts';

const page = { width: 80, style: plainStyle, clean: (text: string) => text };
const selection = inState('orders', 'dead');

it('groups of more than may be held at once are a sample, which says so; taking a part out shows the rest', async () => {
  const scene = await openScene();
  await scene.dead(await scene.pair('orders'), numbered(250));
  const adapter = await scene.open({ tempo: { ...hasty, mostHeld: 150 } });
  const groups = () => groupDead(adapter, selection, {}, { by: 'error' });
  const sample = await groups();
  expect(sample).toMatchObject({
    scanned: 200,
    complete: false,
    outOf: { value: 250, exact: false },
    unmet: expect.stringMatching(/^About 50 messages of orders-dlq were not met/),
  });
  const now = await adapter.now();
  const shown = { ...sample, queue: 'orders', by: 'error', now, next: [] } as const;
  expect(groupsText(shown, page)).toContain('A sample, 200 of ~250: the counts are too low.');
  expect((await scene.stored('orders-dlq')).inflight).toEqual([]);
  // as the command advises: once a part went, it meets others
  const office = await openOffice(adapter);
  const part = await office.act({ verb: 'purge', selection, action: remove, limit: 120 });
  expect(part).toMatchObject({ complete: true, outcomes: { done: 120 } });
  expect(await groups()).toMatchObject({ scanned: 130, complete: true });
  expect(await office.restore(part.run ?? '')).toMatchObject({ complete: true, outcomes: { done: 120 } });
  expect((await scene.stored('orders-dlq')).ready).toHaveLength(250);
});

it('a bound of its own makes a sample as well, and all of them none', async () => {
  const scene = await openScene();
  await scene.dead(await scene.pair('orders'), numbered(12));
  const adapter = await scene.open();
  const part = await groupDead(adapter, selection, {}, { by: 'type', scan: 5 });
  expect(part).toMatchObject({ scanned: 5, complete: false, outOf: { value: 12 } });
  expect(part.unmet).toBeUndefined();
  expect(await groupDead(adapter, selection, {}, { by: 'type' })).not.toHaveProperty('outOf');
});
