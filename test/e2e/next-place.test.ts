import { expect, it, onTestFinished } from 'vitest';
import { homeForTest } from './jobctl.ts';
import { openShop } from './shop.ts';

it('what is to follow a look at runs and backups leads to the place that was told', async () => {
  const shop = await openShop();
  onTestFinished(() => shop.database.drop());
  const home = await homeForTest(shop.url);
  const { stdout } = await home.warm(['dlq', 'purge', 'reports', '--confirm', 'reports', '--json']);
  const { run } = JSON.parse(stdout) as { run: string };
  const steps: string[] = [];
  for (const args of [
    ['backup', 'list'],
    ['backup', 'show', run],
    ['run', 'show', run],
  ]) {
    const shown = await home.warm([...args, '--url', shop.url]);
    steps.push(...(shown.stdout.match(/jobctl (restore|undo) .*/g) ?? []));
  }
  expect(steps).toHaveLength(3);
  for (const step of steps) expect(step).toContain(` --url ${shop.url}`);
});
