import { expect, it } from 'vitest';
import type { BackendInfo } from '../../src/domain/adapter.ts';
import type { Job } from '../../src/domain/job.ts';
import { jobText } from '../../src/output/job-text.ts';
import { jobDetailView, jobView } from '../../src/output/job-view.ts';
import { jobsText } from '../../src/output/jobs-text.ts';
import { plainStyle } from '../../src/output/page.ts';

const page = { width: 80, style: plainStyle, clean: (text: string) => text };
const now = '2026-11-24T03:41:12.000000Z';
const hide = (value: unknown): unknown => value;

const job = (id: string, priority: number | undefined): Job => ({
  id,
  queue: 'email',
  type: 'email',
  state: 'waiting',
  native: 'waiting',
  retrying: false,
  attempts: 0,
  payload: '{}',
  priority,
});

const list = (order: BackendInfo['priority'], width: number, ...priorities: (number | undefined)[]): string =>
  jobsText(
    {
      jobs: priorities.map((one, at) => jobView(job(`${at}`.repeat(36), one), hide)),
      more: false,
      what: 'jobs',
      now,
      next: [],
      order,
    },
    { ...page, width },
  );

it('which priority runs first is said wherever priorities are shown', () => {
  const show = (order: BackendInfo['priority']): string =>
    jobText(
      {
        detail: jobDetailView({ job: job('1', 5), timeline: [], links: [], notes: [] }, hide),
        now,
        fold: 4,
        next: [],
        order,
      },
      page,
    );
  expect(show('smaller-first')).toMatch(/priority +5 \(smaller first\)/);
  expect(show('larger-first')).toMatch(/priority +5 \(larger first\)/);
  expect(list('smaller-first', 80, 1, 2)).toMatch(/^PRIO: smaller first\.$/m);
});

it('and nowhere else', () => {
  expect(list('larger-first', 80, 1, 1)).not.toMatch(/PRIO/);
  expect(list('none', 80, 1, 2)).not.toMatch(/first/);
  expect(list('larger-first', 40, 1, 2)).not.toMatch(/PRIO: larger/);
});
