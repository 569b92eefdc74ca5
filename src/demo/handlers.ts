import { setTimeout as sleep } from 'node:timers/promises';
import type { delivery, receipt } from './payloads.ts';
import { unreachableTenant } from './payloads.ts';
import type { StoryJob } from './story-job.ts';
import type { Handler } from './worker.ts';

/**
 * What the demo's workers do: the provider of the welcome mails is back, the bad template is not fixed and the host that
 * is gone stays gone. When told to stop, a job in hand is cut short and put back.
 */
export function handlers(stop: AbortSignal): Record<StoryJob['type'], Handler> {
  const busy = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stop });
  return {
    'email.send_welcome': () => busy(60),
    'email.send_receipt': async ({ args }) => {
      await busy(40);
      const { template } = args as ReturnType<typeof receipt>;
      if (template === 'receipt-v2')
        throw new Error('TemplateError: receipt-v2 asks for "vat_id", which orders do not have');
    },
    'webhook.deliver': async ({ args }) => {
      const { tenant, url } = args as ReturnType<typeof delivery>;
      if (tenant !== unreachableTenant) return busy(150);
      await busy(3000);
      throw new Error(`ConnectTimeout: ${new URL(url).host} did not answer within 3 s`);
    },
    'export.report': () => busy(6000),
  };
}
