import { open, readFile, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { answerOf, expectFailure, expectFits, expectGolden } from './answer.ts';
import { type Home, homeForTest } from './jobctl.ts';
import { openShop, type Shop } from './shop.ts';

interface Purged {
  readonly shop: Shop;
  readonly home: Home;
  readonly run: string;
  readonly backup: string;
  /** Where each of the three batches of two jobs begins in the file. */
  readonly offsets: readonly number[];
}

async function purged(): Promise<Purged> {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const ended = await home.run(['dlq', 'purge', 'email', '--batch', '2', '--confirm', 'email', '--json']);
  const { run, backup } = answerOf<{ run: string; backup: string }>(ended, 'report');
  const journal = await readFile(join(dirname(backup), 'journal.ndjson'), 'utf8');
  const offsets = [...journal.matchAll(/"offset":(\d+)/g)].map((match) => Number(match[1]));
  expect(offsets).toHaveLength(3);
  return { shop, home, run, backup, offsets };
}

async function spoil(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(8, 0x55), 0, 8, offset);
  await file.close();
}

it('a damaged batch: verify names it and what can still be read, restore refuses, --salvage takes the rest', async () => {
  const { shop, home, run, backup, offsets } = await purged();
  await spoil(backup, (offsets[2] as number) - 12);

  const text = await home.run(['backup', 'verify', run]);
  expect(text.code).toBe(10);
  expectFits(text.stdout);
  await expectGolden('backup-verify-damaged', text.stdout.replace(/byte [\d,]+/, 'byte N'));
  const check = answerOf(await home.run(['backup', 'verify', run, '--json']), 'backup-verify');
  expect(check).toMatchObject({ ok: false, torn: false, frames: 2, jobs: 4, damage: [{ frame: 2 }] });

  const gone = await shop.states();
  expectFailure(
    await home.run(['restore', run, '--yes']),
    1,
    /Frame 2 of .* is damaged.*4 jobs in 2 frames can still be read.*--salvage/,
  );
  expectFailure(await home.run(['backup', 'show', run]), 1, /Frame 2 of .* is damaged/);
  expect(await shop.states()).toEqual(gone);

  // in which batch it was nobody can tell
  const lost = ['--id', String(shop.dead[2]), '--dry-run', '--json'];
  expect(answerOf(await home.run(['restore', run, '--salvage', ...lost]), 'report')).toMatchObject({
    skipped: [{ id: String(shop.dead[2]), why: 'not in what can be read of this backup' }],
  });
  const saved = await home.run(['restore', run, '--salvage', '--yes', '--json']);
  expect(answerOf(saved, 'report')).toMatchObject({ outcomes: { done: 4 } });
  expect(saved.stderr).toContain('Batch 2 of the backup is damaged');
  const states = await shop.states();
  expect(shop.dead.map((id) => states[id])).toEqual(['failed', 'failed', undefined, undefined, 'failed', 'failed']);
});

it('a last write that a crash cut short is told apart: those jobs were never touched', async () => {
  const { home, run, backup, offsets } = await purged();
  await truncate(backup, (offsets[2] as number) + 40);
  const journal = join(dirname(backup), 'journal.ndjson');
  const entries = await readFile(journal, 'utf8');
  await truncate(journal, Buffer.byteLength(entries.slice(0, entries.lastIndexOf('{"at":"intent"'))));
  const check = await home.run(['backup', 'verify', run, '--json']);
  expect(answerOf(check, 'backup-verify')).toMatchObject({ ok: false, torn: true, frames: 2, jobs: 4 });
  expect(check.code).toBe(0);
  const rest = await home.run(['restore', run, '--yes', '--json']);
  expect(answerOf(rest, 'report')).toMatchObject({ outcomes: { done: 4 } });
});

it.each([
  ['in the middle of a batch', 1, 40, 1],
  ['between two batches', 1, 0, 1],
  ['to nothing', 0, 0, 0],
])(
  'a file that was cut %s of what the journal names has lost jobs: it is not called sound',
  async (_, at, more, left) => {
    const { shop, home, run, backup, offsets } = await purged();
    await truncate(backup, (offsets[at] as number) + more);
    const check = await home.run(['backup', 'verify', run, '--json']);
    expect(check.code).toBe(10);
    expect(answerOf(check, 'backup-verify')).toMatchObject({ ok: false, torn: false, frames: left });
    const gone = await shop.states();
    for (const verb of ['restore', 'undo'])
      expectFailure(await home.run([verb, run, '--yes']), 1, /is damaged: the file ends before it.*--salvage/);
    expect(await shop.states()).toEqual(gone);
    const saved = await home.run(['restore', run, '--salvage', '--yes', '--json']);
    expect(answerOf(saved, 'report')).toMatchObject({ outcomes: { done: 2 * left } });
  },
);

it('a file that is no backup at all, a run whose backup is gone, a run whose plan is gone', async () => {
  const { home, run, backup } = await purged();
  const path = await home.file('letter.zst', 'Dear Sir or Madam, this is no backup.\n');
  expect(await home.run(['backup', 'verify', path])).toMatchObject({ code: 10 });
  const restored = await home.run(['restore', path, '--yes']);
  expectFailure(restored, 1, /letter\.zst/);
  const other = await home.run(['replay', 'reports', '--type', 'none', '--yes', '--json']);
  expect(other.code).toBe(0);
  await open(join(dirname(backup), 'plan.json'), 'w').then(async (file) => {
    await file.write('{');
    await file.close();
  });
  expectFailure(await home.run(['undo', run, '--yes']), 1, /plan\.json is damaged.*backup list/);
  expect(await home.run(['run', 'list'])).toMatchObject({ code: 0, stdout: expect.stringContaining('damaged') });
});
