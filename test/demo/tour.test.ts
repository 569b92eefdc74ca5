import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { packageWithout, placeForTest, until } from './place.ts';

const PATIENCE = 180_000;

it('does what it says, shows each command before its output, and leaves nothing', { timeout: PATIENCE }, async () => {
  const place = await placeForTest();
  const { code, stdout, stderr } = await place.run('demo', 'tour');
  expect([code, stderr.includes('NOT as it says')]).toEqual([0, false]);

  const inOrder = [
    /^\$ export JOBCTL_URL=postgres:/m,
    /^\$ jobctl stats$/m,
    /^email .* 335 /m,
    /^\$ jobctl dlq groups email$/m,
    /^214 /m,
    /^\$ jobctl replay email --type email.send_welcome --dry-run$/m,
    /^dry run: nothing was changed$/m,
    /^\$ jobctl replay email --type email.send_welcome --yes$/m,
    /^213 done, 1 skipped$/m,
    /^\$ jobctl backup verify \S+-replay-email-\w+$/m,
    /^sound: /m,
    /^\$ jobctl stats$/m,
    /^email .* 122 /m,
    /^\$ jobctl run show \S+-replay-email-\w+$/m,
    /^ {2}verb +replay$/m,
    /^\$ jobctl reset email --yes$/m,
    /^9 done$/m,
    /^\$ jobctl undo \S+-replay-email-\w+ --yes$/m,
    /^213 done$/m,
    /^\$ jobctl stats$/m,
    /^email .* 335 /m,
    /^\$ export JOBCTL_URL=redis:/m,
    /^thumbnail .* 91 /m,
    /^\$ jobctl replay thumbnail --error StoreUnavailable --yes$/m,
    /^60 done$/m,
    /^\$ jobctl undo \S+-replay-thumbnail-\w+ --yes$/m,
    /^60 done$/m,
    /^\$ export JOBCTL_URL=sqs:/m,
    /^orders .* ~61 /m,
    /^\$ jobctl replay orders --type order.invoice --yes$/m,
    /^44 done$/m,
    /^All 15 steps did what they say/m,
    /npx jobctl demo up/,
  ];
  let rest = stdout;
  for (const pattern of inOrder) {
    expect(rest).toMatch(pattern);
    rest = rest.slice(rest.search(pattern) + 1);
  }
  expect(stdout.match(/^checked: /gm)).toHaveLength(15);
  for (const line of stdout.split('\n').filter((text) => !text.includes(place.temporary)))
    expect(line.length, line).toBeLessThanOrEqual(80);
  expect(stdout).not.toContain('\u001b');
  expect(await place.left()).toEqual([]);
});

it('removes all it has started when it is stopped', { timeout: PATIENCE }, async () => {
  const place = await placeForTest();
  const tour = place.start('demo', 'tour');
  await until('the first step', () => tour.text().includes('$ jobctl stats'));
  tour.kill('SIGINT');
  tour.kill('SIGINT');
  const { code, stdout, stderr } = await tour.ended;
  expect(code).toBe(130);
  expect(stderr).toContain('The tour was stopped, and its server and data are removed.');
  expect(await place.left()).toEqual([]);
  const url = /JOBCTL_URL=(\S+)/.exec(stdout)?.[1];
  await expect(new pg.Client(url).connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

it('ends with 1 at a step that lies, and says what it expected', { timeout: PATIENCE }, async () => {
  const home = await packageWithout();
  await rename(join(home, 'bin', 'run.js'), join(home, 'bin', 'true.js'));
  // what the tour runs says that it has replayed, and has not
  await writeFile(
    join(home, 'bin', 'run.js'),
    `if (process.argv.includes('--yes')) { console.log('213 done, 1 skipped'); process.exitCode = 3; }
     else await import('./true.js');`,
  );
  const place = await placeForTest({ home, program: join(home, 'bin', 'true.js') });
  const { code, stdout, stderr } = await place.run('demo', 'tour');
  expect(code).toBe(1);
  expect(stdout).toContain('NOT as it says: jobs that were changed\n  expected  213 (');
  expect(stdout).not.toContain('$ jobctl backup verify');
  expect(stderr).toContain('Step 4 of the tour did not do what it says: jobctl replay');
  expect(await place.left()).toEqual([]);
});
