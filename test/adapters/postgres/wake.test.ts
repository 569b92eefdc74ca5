import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { searchPath } from '../../../src/demo/worker.ts';
import { act, all, inState, replay, told } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { procrastinateVersions, type SchemaDatabase } from '../../setup/databases.ts';
import { defer, makeActive, makeDead } from '../../setup/procrastinate.ts';
import { placeForTest } from './place.ts';

/** What arrives on these channels until `until` was said on the first of them. */
async function ear({ url, schema }: SchemaDatabase, channels: readonly string[]) {
  const client = new pg.Client({ connectionString: url, options: searchPath(schema) });
  await client.connect();
  onTestFinished(() => client.end());
  const heard: { channel: string; payload: string }[] = [];
  const ended = Promise.withResolvers<void>();
  client.on('notification', ({ channel, payload = '' }) => {
    if (channel === 'the end') ended.resolve();
    else heard.push({ channel, payload });
  });
  for (const channel of [...channels, 'the end']) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
  return {
    /** Notifications come in the order of the commits: everything before this one has arrived with it. */
    async heard() {
      const { Client } = pg;
      const other = new Client(url);
      await other.connect();
      await other.query(`NOTIFY "the end"`);
      await other.end();
      await ended.promise;
      return heard;
    },
  };
}

const channelsOf = (version: string, queue: string): [own: string, common: string] =>
  version < '3'
    ? [`procrastinate_queue#${queue}`, 'procrastinate_any_queue']
    : [`procrastinate_queue_v1#${queue}`, 'procrastinate_any_queue_v1'];

it.each(procrastinateVersions)(
  'a replay wakes the workers as the library does: same channels, same payload (%s)',
  async (version) => {
    const { adapter, pool, database } = await placeForTest(version, version === '3.0' ? 'Back office' : undefined);
    const ids = await makeDead(pool, 3, { queue: 'email', type: 'email.send' });
    const channels = channelsOf(version, 'email');
    // what the library itself says when a job is put in
    const example = await ear(database, channels);
    const model = await defer(pool, { queue: 'email', type: 'email.send' });
    const shape = (lines: { channel: string; payload: string }[], ...known: string[]) =>
      lines
        .map(({ channel, payload }) => [
          channel,
          payload.replace(new RegExp(`\\b(${known.join('|')})(?=\\})`), 'ID').replaceAll(' ', ''),
        ])
        .sort();
    const expected = shape(await example.heard(), model);
    expect(expected.map(([channel]) => channel)).toEqual(channels.toSorted());
    const listening = await ear(database, channels);
    const { outcomes } = await act(opsOf({ adapter }, 'replay'), inState('email', 'dead'), replay);
    expect(told(outcomes)).toEqual(all(ids, 'done'));
    expect(shape(await listening.heard(), ...ids)).toEqual(expected);
  },
);

it.each(['3.9', '2.15'] as const)('nothing is heard of a replay that did not happen (%s)', async (version) => {
  const { adapter, pool, database } = await placeForTest(version);
  await makeDead(pool, 1, { queue: 'email' });
  const listening = await ear(database, channelsOf(version, 'email'));
  for await (const claim of opsOf({ adapter }, 'replay').claim({
    selection: inState('email', 'dead'),
    action: replay,
    size: 10,
  }))
    await claim.release();
  expect(await listening.heard()).toEqual([]);
});

it('a reset wakes, a cancel of a running job asks it to stop', async () => {
  const { adapter, pool, database } = await placeForTest();
  const { ids } = await makeActive(pool, 2, { queue: 'email', worker: 'crashed', secondsAgo: 900 });
  const listening = await ear(database, [channelsOf('3.9', 'email')[0]]);
  const one = { ...inState('email', 'active'), ids: [ids[0] as string] };
  await act(opsOf({ adapter }, 'cancel'), one, { verb: 'cancel' });
  const other = { ...inState('email', 'active'), stuck: true, ids: [ids[1] as string] };
  await act(opsOf({ adapter }, 'reset'), other, { verb: 'reset' });
  expect((await listening.heard()).map(({ payload }) => JSON.parse(payload))).toEqual([
    { type: 'abort_job_requested', job_id: Number(ids[0]) },
    { type: 'job_inserted', job_id: Number(ids[1]) },
  ]);
});

it.each(['3.9', '2.15'] as const)(
  'a queue name longer than a channel: its jobs are replayed and the common channel tells of it (%s)',
  async (version) => {
    const { adapter, pool, database } = await placeForTest(version);
    const queue = `reports of the northern région, ${'x'.repeat(40)}`;
    const ids = await makeDead(pool, 2, { queue });
    const short = await makeDead(pool, 1, { queue: 'email' });
    const listening = await ear(database, [channelsOf(version, '')[1]]);
    const both = { queues: [queue, 'email'], states: ['dead'] as const };
    const { outcomes } = await act(opsOf({ adapter }, 'replay'), both, replay);
    expect(told(outcomes)).toEqual(all([...ids, ...short], 'done'));
    expect((await listening.heard()).length).toBeGreaterThanOrEqual(1);
  },
);
