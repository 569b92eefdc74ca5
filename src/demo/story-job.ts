import type { Dice } from './dice.ts';
import type { Life } from './life.ts';
import { delivery, receipt, report, type Template, welcome } from './payloads.ts';

export interface StoryJob {
  readonly queue: 'email' | 'webhook' | 'export';
  readonly type: 'email.send_receipt' | 'email.send_welcome' | 'webhook.deliver' | 'export.report';
  readonly args: object;
  readonly life: Life;
  readonly priority?: number;
  readonly lock?: string;
  readonly queueingLock?: string;
  /** Taken by the worker that crashed, whose row is still there. */
  readonly heldByCrashed?: boolean;
}

export const send = (d: Dice, template: Template, life: Life): StoryJob => ({
  queue: 'email',
  type: 'email.send_receipt',
  args: receipt(d, template),
  life,
  priority: 5,
});

export const greet = (d: Dice, life: Life): StoryJob => ({
  queue: 'email',
  type: 'email.send_welcome',
  args: welcome(d),
  life,
});

export const deliver = (d: Dice, tenant: string, life: Life): StoryJob => ({
  queue: 'webhook',
  type: 'webhook.deliver',
  args: delivery(d, tenant),
  life,
});

/** One at a time for each shop. */
export const write = (d: Dice, tenant: string, life: Life): StoryJob => ({
  queue: 'export',
  type: 'export.report',
  args: report(d, tenant),
  life,
  lock: `export:${tenant}`,
});
