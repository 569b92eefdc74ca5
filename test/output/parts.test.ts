import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/config/duration.ts';
import { grouped } from '../../src/domain/grouped.ts';
import type { Report } from '../../src/domain/plan.ts';
import { age, clock, duration, relative } from '../../src/output/age.ts';
import { atLeast, counted, plural } from '../../src/output/count-text.ts';
import { diffText } from '../../src/output/diff-text.ts';
import { nextLines } from '../../src/output/facts.ts';
import { jobText } from '../../src/output/job-text.ts';
import { jobDetailView, jobFacts, jobView, payloadText } from '../../src/output/job-view.ts';
import { plainStyle } from '../../src/output/page.ts';
import { isDue, progressText } from '../../src/output/progress-text.ts';
import { reportText } from '../../src/output/report-text.ts';
import { table } from '../../src/output/table.ts';
import { cutTo, textWidth, wrap } from '../../src/output/text-width.ts';
import { job, now } from './examples.ts';

const page = { width: 80, style: plainStyle, clean: (text: string) => text };

describe('what to do next', () => {
  it.each([
    ['jobctl stats   # lists the queues', 'next: jobctl stats   # lists the queues'],
    [
      'jobctl run resume 20261124-034109-replay-email-k3f9   # the others too, without a canary',
      'next: # the others too, without a canary\n      jobctl run resume 20261124-034109-replay-email-k3f9',
    ],
    [
      'jobctl purge without --native deletes job by job, each of them saved first, as it is said.',
      'next: jobctl purge without --native deletes job by job, each of them saved\n      first, as it is said.',
    ],
    [`jobctl dlq list --error '${'#'.repeat(80)}'`, `next: jobctl dlq list --error '${'#'.repeat(80)}'`],
    [
      `jobctl dlq list --error 'ticket # 5${'.'.repeat(60)}'   # lists them`,
      `next: # lists them\n      jobctl dlq list --error 'ticket # 5${'.'.repeat(60)}'`,
    ],
    [`jobctl dlq list --error ' # ${'.'.repeat(60)}'`, `next: jobctl dlq list --error ' # ${'.'.repeat(60)}'`],
    [`mkdir -p '/a b/${'c'.repeat(70)}'`, `next: mkdir -p '/a b/${'c'.repeat(70)}'`],
  ])('%s: the command stays whole, what is said of it goes above where it has no room', (step, text) =>
    expect(nextLines([step], page)).toBe(text),
  );
});

describe('ages', () => {
  it.each([
    [0, '0s'],
    [0.4, '<1s'],
    [45.9, '45s'],
    [60, '1m'],
    [5_420.5, '1h30m'],
    [3_599.9, '59m59s'],
    [277_200, '3d5h'],
    [40_000_000, '462d23h'],
    [-90, '-1m30s'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it('can be given back to a time flag', () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), (seconds) => {
        expect(parseDuration(duration(seconds))).toBeLessThanOrEqual(seconds);
      }),
    );
  });

  it('say when they are estimates, unknown or ahead', () => {
    expect([
      age(90, false),
      age(undefined),
      relative('2026-11-24T03:46:09.123456Z', now),
      relative(undefined, now),
      clock(now),
    ]).toEqual(['~1m30s', '-', 'in 5m', '-', '2026-11-24T03:41:09Z']);
  });
});

it('writes numbers in one way', () => {
  expect([
    grouped(1_234_567),
    counted({ value: 12_000, exact: false }),
    atLeast(10_000),
    plural(1, 'job'),
    plural(40_000, 'job'),
  ]).toEqual(['1,234,567', '~12,000', '≥ 10,000', '1 job', '40,000 jobs']);
});

describe('widths', () => {
  it.each([
    ['abc', 3],
    ['通知', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['🚀', 2],
    ['ｱ', 1],
    ['', 0],
  ])('%s takes %d columns', (text, width) => expect(textWidth(text)).toBe(width));

  it('a fitted line is never wider, and whole when it can be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.integer({ min: 2, max: 50 }), (text, width) => {
        const fitted = cutTo(text, width);
        expect(textWidth(fitted)).toBeLessThanOrEqual(width);
        if (textWidth(text) <= width && !/\s/.test(text)) expect(fitted).toBe(text);
      }),
    );
  });

  it('wrapping loses no word', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/)), (words) => {
        expect(wrap(words.join(' '), 20).join(' ')).toBe(words.join(' '));
      }),
    );
  });
});

describe('table', () => {
  const rows = [
    { id: '0190d3c1-7f0e-7cc4-9d7e-2d5a7f1b3c4d', text: '通知 '.repeat(40), n: '7' },
    { id: '2', text: 'b', n: '1,234' },
  ];
  const columns = [
    { head: 'ID', whole: true, cell: (row: (typeof rows)[number]) => row.id },
    { head: 'N', whole: true, right: true, drop: 1, cell: (row: (typeof rows)[number]) => row.n },
    { head: 'TEXT', cell: (row: (typeof rows)[number]) => row.text },
  ];

  it('keeps ids whole, numbers right, texts cut with …', () => {
    const { text, hidden } = table(columns, rows, page);
    const [head, first, second] = text.split('\n') as [string, string, string];
    expect(first).toMatch(/^0190d3c1-7f0e-7cc4-9d7e-2d5a7f1b3c4d {6}7 {2}通知.*…$/);
    expect(second).toMatch(/^2 +1,234 {2}b$/);
    expect(head.indexOf('N')).toBe(second.indexOf('1,234') + 4);
    expect(textWidth(first)).toBeLessThanOrEqual(80);
    expect(hidden).toEqual([]);
  });

  it('leaves a column out before it cuts an id, and says which', () => {
    const { text, hidden } = table(columns, rows, { ...page, width: 50 });
    expect(hidden).toEqual(['N']);
    expect(text).toContain(rows[0]?.id);
  });
});

describe('job view', () => {
  const one = job('184467440737095516', { tenant: undefined });
  it('hides what redaction hides, in payload and error, keeps integers whole, and leaves out what is not known', () => {
    const view = jobView(one, (value) =>
      typeof value === 'string' ? value.replaceAll('smtp', '***') : { ...(value as object), token: '[redacted]' },
    );
    expect(view.payload).toEqual({
      to: 'ada@example.com',
      template: 'welcome',
      token: '[redacted]',
      order: 12345678901234567890n,
    });
    expect(view.error?.message).toBe('connect to ***-3.mail.internal:587 timed out after 30s');
    expect(view.error?.stack).not.toContain('smtp');
    expect('tenant' in view).toBe(false);
    expect(payloadText(view.payload)).toContain('"order": 12345678901234567890');
  });

  it('has a form for predicates with every field, nothing hidden', () => {
    expect(jobFacts(one)).toMatchObject({
      tenant: null,
      priority: null,
      error: { class: 'ConnectionError' },
      payload: { token: 's3cr3t' },
    });
    expect(jobFacts(job('1', { error: undefined }))).toMatchObject({ error: { message: '', class: '', stack: '' } });
    expect(Object.keys(jobFacts(one)).sort()).toEqual([
      'attempts',
      'createdAt',
      'error',
      'id',
      'key',
      'lane',
      'maxAttempts',
      'native',
      'payload',
      'priority',
      'queue',
      'resolved',
      'retrying',
      'since',
      'state',
      'stuck',
      'tenant',
      'type',
      'worker',
    ]);
  });

  it('does not fall over a payload that is nested beyond reason', () => {
    expect(
      payloadText(jobView(job('1', { payload: '['.repeat(50_000) + ']'.repeat(50_000) }), (value) => value).payload),
    ).toBe('(nested too deeply to print)');
  });
});

describe('diff', () => {
  const apply = (text: string, sign: string): string[] =>
    text
      .split('\n')
      .filter((line) => line[0] === ' ' || line[0] === sign)
      .map((line) => line.slice(2));
  it('holds both texts, and no more changes than needed', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const text = diffText({ before: before.join('\n'), after: after.join('\n') }, page);
        if (before.join() === after.join()) {
          expect(text).toBe('no difference');
          return;
        }
        fc.pre(!text.includes('…'));
        expect(apply(text, '-')).toEqual(before);
        expect(apply(text, '+')).toEqual(after);
        expect(text.split('\n').filter((line) => line[0] === ' ').length).toBe(longestCommon(before, after));
      }),
    );
  });

  it('does not take minutes for a huge payload', () => {
    const text = (seed: number) => Array.from({ length: 20_000 }, (_, i) => `${i * seed}`).join('\n');
    const start = performance.now();
    diffText({ before: text(1), after: text(7) }, page);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

const longestCommon = (a: readonly string[], b: readonly string[]): number =>
  a.length === 0 || b.length === 0
    ? 0
    : a[0] === b[0]
      ? 1 + longestCommon(a.slice(1), b.slice(1))
      : Math.max(longestCommon(a.slice(1), b), longestCommon(a, b.slice(1)));

describe('progress', () => {
  it('tells how far, how fast and how long', () => {
    expect(progressText({ done: 12_000, of: 40_000, exact: true, elapsedSeconds: 3.87 })).toBe(
      '12,000 of 40,000 · 3,101/s · 10s left',
    );
    expect(progressText({ done: 12, of: 400, exact: false, elapsedSeconds: 4 })).toBe('12 of ~400 · 3/s · ~2m10s left');
    expect(progressText({ done: 0, of: 400, exact: true, elapsedSeconds: 9 })).toBe('0 of 400');
    const waiting = 'the database is slow, 12 sessions wait for its locks';
    expect(progressText({ done: 9, of: 400, exact: true, elapsedSeconds: 9, waiting })).toBe(
      `9 of 400 · waiting: ${waiting}`,
    );
    expect(progressText({ done: 410, of: 400, exact: false, elapsedSeconds: 10 })).toBe('410 of ~410 · 41/s');
  });

  it('is due at once and then every few seconds', () => {
    const times = [0, 1, 4.9, 5, 6, 9.9, 10.1];
    let last: number | undefined;
    const due = times.filter((time) => {
      const yes = isDue(last, time, 5);
      if (yes) last = time;
      return yes;
    });
    expect(due).toEqual([0, 5, 10.1]);
  });
});

it('takes secrets out of a result that is noted as JSON, by the names of its fields', () => {
  const hide = (value: unknown): unknown => (typeof value === 'object' ? { ...value, token: '***' } : value);
  const notes = ['{"token":"abc","sent":true}', 'plain {"token":"abc"}', '{broken'];
  const timeline = notes.map((note) => ({ event: 'completed', note }));
  const shown = jobDetailView({ job: job('1'), timeline, links: [], notes: [] }, hide);
  expect(shown.timeline.map(({ note }) => note)).toEqual(['{"token":"***","sent":true}', notes[1], notes[2]]);
});

it('a stack that begins with the error itself does not say it twice', () => {
  const dead = job('1', {
    error: { class: 'Error', message: 'boom', stack: 'Error: boom\n    at send (mail.js:1:1)' },
  });
  const detail = jobDetailView({ job: dead, timeline: [], links: [], notes: [] }, (value) => value);
  const shown = jobText({ detail, now, fold: 8, next: [] }, page);
  expect(shown.match(/Error: boom/g)).toHaveLength(1);
  expect(shown).toContain('at send (mail.js:1:1)');
});

it('calls no job not reached that was only part of an estimate', () => {
  const ended = (more: Partial<Report>): string =>
    reportText(
      {
        schemaVersion: 1,
        verb: 'replay',
        queues: ['orders'],
        dryRun: false,
        matched: 10,
        more: 0,
        outcomes: { done: 4, skipped: 0, failed: 2, unknown: 0 },
        skipped: [],
        failed: [{ id: '1', why: 'it is too large' }],
        complete: false,
        next: [],
        ...more,
      },
      page,
    );
  expect(ended({ exact: false })).toMatch(/finished, but not every job could be dealt with\n4 done, 2 failed\n/);
  expect(ended({ exact: false, stopped: 'stopped on request' })).toMatch(/NOT finished\n.*, ~4 not reached\n/);
  expect(ended({ stopped: 'stopped on request' })).toMatch(/NOT finished\n.*, 4 not reached\n/);
});

it('calls no job failed whose answer was lost', () => {
  const lost = (failed: number, unknown: number): string =>
    reportText(
      {
        schemaVersion: 1,
        verb: 'replay',
        queues: ['email'],
        dryRun: false,
        matched: 9,
        more: 0,
        outcomes: { done: 5, skipped: 0, failed, unknown },
        skipped: [],
        failed: ['1', '2'].map((id) => ({ id, why: 'the connection was lost' })),
        complete: false,
        stopped: 'the connection was lost',
        next: [],
      },
      page,
    );
  expect(lost(0, 2)).toMatch(/^ {2}unknown +the connection was lost: 1, 2$/m);
  expect(lost(1, 1)).toMatch(/^ {2}failed or unknown +the connection was lost: 1, 2$/m);
  expect(lost(2, 0)).toMatch(/^ {2}failed +the connection was lost: 1, 2$/m);
});
