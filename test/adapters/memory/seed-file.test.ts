import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMemory, parseSeedFile } from '../../../src/adapters/memory/seed-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jobctl-seed-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a seed file', () => {
  it('fills the backend and may stop its clock', async () => {
    const path = join(folder, 'jobs.ndjson');
    const clock = '2026-01-01T12:00:00.000000Z';
    await writeFile(
      path,
      [
        { clock },
        {
          queue: 'letters',
          id: '7',
          state: 'dead',
          payload: { to: 'ada' },
          error: { message: 'timeout' },
          since: '2026-01-01T11:00:00.000000Z',
        },
        { queue: 'letters', payload: '{ "exact" : 1.0 }' },
      ]
        .map((line) => JSON.stringify(line))
        .join('\n\n'),
    );
    const adapter = await openMemory(`memory:${path}`);
    expect(await adapter.now()).toBe(clock);
    expect((await adapter.find('7'))?.job).toMatchObject({
      state: 'dead',
      payload: '{"to":"ada"}',
      error: { message: 'timeout' },
    });
    expect((await adapter.find('2'))?.job).toMatchObject({
      state: 'waiting',
      payload: '{ "exact" : 1.0 }',
      since: clock,
    });
  });

  it('is not needed', async () => {
    expect(await (await openMemory('memory:')).queues()).toEqual([]);
  });

  it('that is missing is unreachable', async () => {
    await expect(openMemory(`memory:${join(folder, 'none')}`)).rejects.toThrow(
      expect.objectContaining({ code: 'JOBCTL_UNREACHABLE' }),
    );
  });

  it.each([
    ['broken JSON', '{"queue":'],
    ['no queue', '{"id":"7"}'],
    ['an unknown state', '{"queue":"q","state":"lost"}'],
    ['an unknown field', '{"queue":"q","prio":1}'],
    ['a field of another type', '{"queue":"q","id":7}'],
    ['a time that is none', '{"queue":"q","since":"yesterday"}'],
  ])('with %s is refused, with the line', (_, line) => {
    expect(() => parseSeedFile(`{"queue":"q"}\n${line}`, 'jobs.ndjson')).toThrow(
      expect.objectContaining({ code: 'JOBCTL_USAGE', message: expect.stringContaining('jobs.ndjson:2: ') as string }),
    );
  });
});
