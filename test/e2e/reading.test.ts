import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, expectFits, expectGolden } from './answer.ts';
import { type Home, makeHome } from './jobctl.ts';
import { openShop } from './shop.ts';

interface Jobs {
  readonly jobs: { id: string; state: string; payload: Record<string, unknown> }[];
  readonly more: boolean;
}

describe.each(['3.9', '1.1', 'memory'] as const)('every reading command on %s', (backend) => {
  let home: Home;
  let dead: readonly string[];
  let dump: () => Promise<unknown> = async () => undefined;
  const close: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    if (backend === 'memory') {
      home = await makeHome('memory:shop.ndjson');
      await copyFile(new URL('shop.ndjson', import.meta.url), join(home.folder, 'shop.ndjson'));
      dead = ['103', '102', '101'];
    } else {
      const shop = await openShop(backend);
      home = await makeHome(shop.url);
      dead = shop.dead.toReversed();
      dump = shop.dump;
      close.push(() => shop.database.drop());
    }
    close.push(() => home.remove());
  });
  afterAll(async () => {
    for (const step of close) await step();
  });

  /** As text and as JSON: the text fits the screen and is as checked in, the JSON fits its schema, the backend is as it was. */
  async function read<T>(command: readonly string[], schema: string, golden?: string): Promise<T> {
    const before = await dump();
    const [text, json] = await Promise.all([home.warm(command), home.warm([...command, '--json'])]);
    expect(text).toMatchObject({ code: 0 });
    expect(json).toMatchObject({ code: 0 });
    expectFits(text.stdout);
    if (golden !== undefined) await expectGolden(`${golden}.${backend}`, text.stdout, { exact: backend === 'memory' });
    expect(await dump()).toEqual(before);
    return answerOf<T>(json, schema);
  }

  it('what is to follow a look leads to the place that was looked at', async () => {
    const url = home.env['JOBCTL_URL'] as string;
    const id = dead[0] as string;
    for (const [look, steps] of [
      [
        ['dlq', 'list', 'email'],
        [/^jobctl dlq show ID$/, /^jobctl dlq groups email$/],
      ],
      [
        ['dlq', 'groups', 'email'],
        [/^jobctl dlq show \S+$/, /^jobctl replay email --group \S+ --dry-run$/],
      ],
      [
        ['dlq', 'show', id],
        [/^jobctl replay email --id \S+$/, /^jobctl job edit \S+$/],
      ],
    ] as const) {
      const { stdout } = await home.warm([...look, '--url', url]);
      const told = [...stdout.matchAll(/(jobctl .*?) --url (\S+)$/gm)];
      expect(told.map(([, , place]) => place)).toEqual(steps.map(() => url));
      for (const [index, step] of steps.entries()) expect(told[index]?.[1]).toMatch(step);
    }
  });

  it('counts a queue once that is named twice', async () => {
    const once = answerOf<{ queues: unknown[] }>(await home.warm(['stats', 'email', '--json']), 'stats');
    const twice = answerOf<{ queues: unknown[] }>(await home.warm(['stats', 'email', 'email', '--json']), 'stats');
    expect(twice.queues).toHaveLength(once.queues.length);
  });

  it('says so where a breakdown that was asked for cannot be made', async () => {
    const { stderr, code } = await home.warm(['stats', '--by', 'tenant']);
    expect(code).toBe(0);
    const told = /does not tell the tenant of its jobs/;
    if (backend === 'memory') expect(stderr).not.toMatch(told);
    else expect(stderr).toMatch(told);
  });

  it('stats counts every state of every queue', async () => {
    const { queues } = await read<{ queues: { queue: string; counts: Record<string, number> }[] }>(
      ['stats'],
      'stats',
      'stats',
    );
    expect(queues.map(({ queue, counts }) => [queue, counts['dead']])).toEqual([
      ['email', dead.length],
      ['reports', backend === 'memory' ? 1 : 2],
    ]);
  });

  it('dlq list lists the dead alone', async () => {
    const { jobs, more } = await read<Jobs>(['dlq', 'list', 'email'], 'dlq-list', 'dlq-list');
    expect({ ids: jobs.map(({ id }) => id), more }).toEqual({ ids: dead, more: false });
    expect(new Set(jobs.map(({ state }) => state))).toEqual(new Set(['dead']));
  });

  if (backend === '1.1') return; // the rest of its reading is the same code

  it('stats breaks a queue down', async () => {
    const { queues } = await read<{ queues: { by: { key: string }[] }[] }>(
      ['stats', 'email', '--by', 'type'],
      'stats',
      'stats-by-type',
    );
    expect(queues[0]?.by.map(({ key }) => key)).toContain('email.send');
  });

  it('job list lists any state, newest first, and says when there is more', async () => {
    await read(['job', 'list', '--state', 'dead', '--state', 'waiting'], 'job-list', 'job-list');
    const { jobs, more } = await read<Jobs>(['job', 'list', 'email', '--state', 'dead', '--limit', '2'], 'job-list');
    expect({ ids: jobs.map(({ id }) => id), more }).toEqual({ ids: dead.slice(0, 2), more: true });
    const text = await home.run(['job', 'list', 'email', '--limit', '2']);
    expect(text.stdout).toContain('The first 2 jobs; more match.');
  });

  it('dlq groups puts them together by cause', async () => {
    const { groups } = await read<{ groups: { count: number }[] }>(
      ['dlq', 'groups', 'email'],
      'dlq-groups',
      'dlq-groups',
    );
    expect(groups.map(({ count }) => count)).toEqual(backend === 'memory' ? [2, 1] : [6]);
  });

  it('job show and dlq show tell all of one job', async () => {
    const id = dead[0] as string;
    const { job } = await read<{ job: { id: string } }>(['job', 'show', id], 'job-show', 'job-show');
    expect(job.id).toBe(id);
    expect(await read(['dlq', 'show', id], 'job-show')).toMatchObject({ job: { id, state: 'dead' } });
  });

  it('dlq export streams the same jobs', async () => {
    const { stdout, stderr, code } = await home.run(['dlq', 'export', 'email']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { id: string }).id).toSorted()).toEqual(dead.toSorted());
    expect({ code, stderr }).toEqual({ code: 0, stderr: `${dead.length} dead jobs of email exported.\n` });
  });

  it('capabilities says what it can do', async () => {
    const { capabilities } = await read<{ capabilities: { verb: string }[] }>(
      ['capabilities'],
      'capabilities',
      'capabilities',
    );
    expect(capabilities.map(({ verb }) => verb)).toContain('replay');
  });
});
