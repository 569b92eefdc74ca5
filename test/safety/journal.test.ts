import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { batches, openJournal, readJournal } from '../../src/safety/journal.ts';
import { type JournalEntry, restOf } from '../../src/safety/journal-entry.ts';
import { collect, temporaryFolder } from './saved-jobs.ts';

const time = '2026-11-24T03:41:09.123456Z';
const intent = (batch: number): JournalEntry => ({
  at: 'intent',
  batch,
  mark: `m${batch}`,
  ids: ['1', '2'],
  frame: { frame: batch, offset: batch * 10, jobs: 2 },
});
const outcome = (batch: number, done = 2): JournalEntry => ({ at: 'outcome', batch, done, rest: [] });
const start: JournalEntry = { at: 'start', time, run: 'r', verb: 'replay' };

async function journalOf(...entries: JournalEntry[]): Promise<string> {
  const path = join(await temporaryFolder(), 'journal.ndjson');
  const journal = await openJournal(path);
  for (const entry of entries) await journal.append(entry);
  await journal.close();
  return path;
}

describe('the journal', () => {
  it('gives back its entries in order, for its owner only', async () => {
    const entries = [
      start,
      intent(1),
      outcome(1),
      { at: 'skipped', rest: [{ queue: 'q', id: '9', result: 'skipped', why: 'locked' }] },
      { at: 'end', time, complete: true },
    ] as const;
    const path = await journalOf(...entries);
    expect(await collect(readJournal(path))).toEqual(entries);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('is empty when it does not exist', async () => {
    expect(await collect(readJournal('/nowhere/journal.ndjson'))).toEqual([]);
  });

  it('pairs intents with outcomes and leaves the last one open', async () => {
    const path = await journalOf(start, intent(1), outcome(1), intent(2));
    expect(await collect(batches(path))).toEqual([
      { intent: intent(1), outcome: outcome(1), copies: [] },
      { intent: intent(2), outcome: undefined, copies: [] },
    ]);
  });

  it('keeps what was noted of a batch while it was written', async () => {
    const noted = (id: string): JournalEntry => ({
      at: 'copied',
      batch: 1,
      copies: [{ queue: 'q', id, as: `new-${id}` }],
    });
    const path = await journalOf(start, intent(1), noted('1'), noted('2'), outcome(1), intent(2));
    expect((await collect(batches(path))).map(({ copies }) => copies.map(({ as }) => as))).toEqual([
      ['new-1', 'new-2'],
      [],
    ]);
  });

  it('takes what was settled later in place of the first answer', async () => {
    const settled: JournalEntry = { at: 'outcome', batch: 1, done: 2, rest: [], settled: true };
    const unknown: JournalEntry = {
      at: 'outcome',
      batch: 1,
      done: 0,
      rest: [{ queue: 'q', id: '1', result: 'unknown', why: 'timeout' }],
    };
    const path = await journalOf(
      start,
      intent(1),
      unknown,
      { at: 'end', time, complete: false },
      start,
      settled,
      intent(2),
    );
    expect((await collect(batches(path)))[0]?.outcome).toEqual(settled);
  });

  it('goes on with its numbers', async () => {
    const path = await journalOf(start, intent(1), outcome(1), intent(7));
    const journal = await openJournal(path);
    expect(journal.nextBatch).toBe(8);
    expect(journal.lastFrame).toEqual({ frame: 7, offset: 70, jobs: 2 });
    await journal.append(intent(8));
    expect(journal.nextBatch).toBe(9);
    await journal.close();
    expect(await collect(readJournal(path))).toHaveLength(5);
  });

  it.each([1, 20, 45])(
    'passes over a last line without its last %i bytes, and removes it before it goes on',
    async (missing) => {
      const path = await journalOf(start, intent(1), outcome(1), intent(2));
      await truncate(path, (await stat(path)).size - missing);
      expect(await collect(readJournal(path))).toEqual([start, intent(1), outcome(1)]);
      const journal = await openJournal(path);
      expect(journal.nextBatch).toBe(2);
      await journal.append(outcome(1));
      await journal.close();
      expect(await collect(readJournal(path))).toEqual([start, intent(1), outcome(1), outcome(1)]);
    },
  );

  it('passes over a last line that never reached the disk', async () => {
    const path = await journalOf(start, intent(1));
    await appendFile(path, Buffer.concat([Buffer.alloc(80), Buffer.from('\n')]));
    expect(await collect(readJournal(path))).toHaveLength(2);
  });

  it('does not read on past a damage in the middle', async () => {
    const path = await journalOf(start, intent(1), outcome(1));
    await writeFile(path, (await readFile(path, 'utf8')).replace('"intent"', '"int'));
    await expect(collect(readJournal(path))).rejects.toMatchObject({
      code: 'JOBCTL_UNEXPECTED',
      message: expect.stringContaining('line 2'),
    });
    await expect(openJournal(path)).rejects.toMatchObject({ code: 'JOBCTL_UNEXPECTED' });
  });

  it('refuses an outcome without its intent', async () => {
    const path = await journalOf(intent(1), outcome(2));
    await expect(collect(batches(path))).rejects.toThrow(/batch 2/);
  });

  it('reads lines longer than any chunk, and ids of any letters', async () => {
    const ids = Array.from({ length: 50_000 }, (_, i) => `ø-${i}-\u2028`);
    const path = await journalOf({ at: 'intent', batch: 1, mark: 'm', ids }, outcome(1));
    const [batch] = await collect(batches(path));
    expect(batch?.intent.ids).toEqual(ids);
  });

  it('lists one by one only what was not simply done', () => {
    const ref = { queue: 'q', id: '1' };
    expect(
      restOf([
        { ref, result: 'done' },
        { ref, result: 'skipped', why: 'duplicate', note: 'twin 4' },
        { ref, result: 'unknown', why: 'timeout' },
      ]),
    ).toEqual([
      { queue: 'q', id: '1', result: 'skipped', why: 'duplicate', note: 'twin 4' },
      { queue: 'q', id: '1', result: 'unknown', why: 'timeout' },
    ]);
  });
});
