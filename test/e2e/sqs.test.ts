import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { numbered } from '../adapters/sqs/scene.ts';
import { createSqs, type TestSqs } from '../setup/sqs.ts';
import { answerOf, errorOf } from './answer.ts';
import { type Home, homeForTest, until } from './jobctl.ts';

interface Report {
  readonly run: string;
  readonly complete: boolean;
  readonly stopped?: string;
  readonly outcomes: { done: number; unknown: number };
  readonly next: readonly string[];
}

/** What is not there at once will not come: nobody sends while these commands look. Each wait would cost a second. */
function atOnce({ standIn }: TestSqs, more: TestSqs['standIn']['fault'] = () => undefined): void {
  standIn.fault = (action, body, number) =>
    more(action, body, number) ??
    (action === 'ReceiveMessage' ? { ask: (asked) => ({ ...asked, WaitTimeSeconds: 0 }) } : undefined);
}

async function open(): Promise<{ sqs: TestSqs; home: Home; run: Home['run'] }> {
  const sqs = await createSqs();
  onTestFinished(() => sqs.drop());
  atOnce(sqs);
  const home = await homeForTest(sqs.url);
  return { sqs, home, run: (args) => home.warm(args, { env: sqs.env }) };
}

describe('SQS on the command line', { timeout: 90_000 }, () => {
  it('counts without a receive, and looks with one that it tells of and takes back', async () => {
    const { sqs, run } = await open();
    const orders = await sqs.pair('orders', 'shared');
    await sqs.pair('bills', 'shared');
    await sqs.dead(orders, numbered(3));
    const stats = await run(['stats']);
    expect(stats.code).toBe(0);
    expect(stats.stdout).toMatch(/total .*~3\b/);
    expect(stats.stdout.replace(/\s+/g, ' ')).toContain('The dead of bills, orders lie in shared together');
    expect(sqs.standIn.calls).not.toContain('ReceiveMessage');
    const list = await run(['dlq', 'list', 'orders', '--json']);
    expect(list.stderr).toContain('Looking counts as a receive');
    const { jobs } = answerOf<{ jobs: { id: string; payload: unknown }[] }>(list, 'dlq-list');
    expect(jobs).toHaveLength(3);
    const shown = await run(['dlq', 'show', jobs[0]?.id ?? '']);
    expect(shown.stdout).toMatch(/came from .*orders/);
    // what it does not take is not advised either
    expect(shown.stdout).toMatch(/jobctl replay orders --id/);
    expect(shown.stdout).not.toContain('job edit');
    const groups = await run(['dlq', 'groups', 'orders', '--json']);
    expect(JSON.parse(groups.stdout)).toMatchObject({ scanned: 3, complete: true });
    expect((await sqs.stored('shared')).inflight).toEqual([]);
  });

  it('says of a FIFO queue that a look meets only the head of each group', async () => {
    const { sqs, run } = await open();
    const grouped = numbered(4).map((one, n) => ({ ...one, MessageGroupId: 'one', MessageDeduplicationId: `d${n}` }));
    await sqs.dead(await sqs.pair('bills.fifo'), grouped);
    const list = await run(['dlq', 'list', 'bills.fifo']);
    expect(list.stdout).toContain('The first 1 job; more match.');
    expect(list.stderr.replace(/\s+/g, ' ')).toContain(
      'About 3 messages of bills-dlq.fifo were not met: they stand behind',
    );
    const groups = await run(['dlq', 'groups', 'bills.fifo', '--json']);
    expect(answerOf(groups, 'dlq-groups')).toMatchObject({ scanned: 1, complete: false, outOf: { value: 4 } });
    const told = (await run(['dlq', 'groups', 'bills.fifo'])).stdout;
    expect(told).toContain('A sample, 1 of ~4: the counts are too low.');
    expect(told).toMatch(
      /# once a part of them went[^\n]*\n +# it meets others then\n +jobctl dlq groups bills\.fifo$/m,
    );
    const exported = await run(['dlq', 'export', 'bills.fifo']);
    expect(exported.stderr).toContain('1 dead job of bills.fifo exported. More match: they were not met.');
    expect((await sqs.stored('bills-dlq.fifo')).inflight).toEqual([]);
  });

  it('says why a queue that no other sends its dead to has none, and replays it when told where to', async () => {
    const { sqs, run } = await open();
    await sqs.send(await sqs.queue('old-dlq'), numbered(2));
    await sqs.send(await sqs.queue('old-live'), numbered(3));
    await sqs.queue('orders');
    const unsaid = await run(['replay', 'old-dlq', '--dry-run', '--json']);
    expect([unsaid.code, errorOf(unsaid)]).toMatchObject([
      4,
      {
        message: expect.stringMatching(/no queue .* sends its dead there: its about 2 messages count as waiting/),
        next: [expect.stringMatching(/^jobctl replay old-dlq --to QUEUE /), expect.anything()],
      },
    ]);
    const to = ['replay', 'old-dlq', '--to', 'orders', '--json'];
    const vague = await run([...to, '--yes']);
    expect([vague.code, errorOf(vague).next]).toEqual([4, ['Add --confirm old-dlq']]);
    expect(vague.stderr.replace(/\s+/g, ' ')).toMatch(/Replay ~2 jobs in queue old-dlq .* to orders .* taken for dead/);
    // only the one that is named: of all queues none is taken for what it may not be
    const all = ['replay', '--all-queues', '--url', `${sqs.url}/old`, '--to', 'orders', '--confirm', `${sqs.url}/old`];
    expect((await run(all)).code).toBe(4);
    expect((await sqs.stored('old-live')).ready).toHaveLength(3);
    const report = answerOf<Report>(await run([...to, '--confirm', 'old-dlq']), 'report');
    expect(report).toMatchObject({ complete: true, outcomes: { done: 2 } });
    expect((await sqs.stored('orders')).ready).toHaveLength(2);
    const undone = await run(['undo', report.run, '--yes', '--json']);
    expect(answerOf<Report>(undone, 'report')).toMatchObject({ complete: true, outcomes: { done: 2 } });
    expect((await sqs.stored('old-dlq')).ready).toHaveLength(2);
  });

  it('refuses to be asked for what SQS never shows, and names what can be asked for', async () => {
    const { sqs, run } = await open();
    await sqs.dead(await sqs.pair('orders'), numbered(2));
    const purge = await run(['purge', 'orders', '--confirm', 'orders', '--json']);
    expect([purge.code, errorOf(purge)]).toMatchObject([
      2,
      {
        message: expect.stringContaining('sqs shows no completed jobs'),
        next: [expect.stringMatching(/^jobctl purge orders --state waiting /)],
      },
    ]);
    const narrowed = await run(['purge', 'orders', '--older-than', '30d', '--confirm', 'orders', '--json']);
    expect([narrowed.code, errorOf(narrowed).next]).toEqual([
      2,
      [expect.stringMatching(/^The same with --state waiting /)],
    ]);
    const list = await run(['job', 'list', '--state', 'delayed', '--json']);
    expect([list.code, errorOf(list).next.join()]).toEqual([
      2,
      expect.stringMatching(/^jobctl job list --state waiting/),
    ]);
    const stuck = await run(['job', 'list', '--stuck', '--json']);
    expect([stuck.code, errorOf(stuck).next]).toEqual([2, [expect.stringMatching(/^jobctl stats/)]]);
    // what it cannot do at all has a reason of its own
    const reset = await run(['reset', 'orders', '--yes']);
    expect([reset.code, reset.stderr]).toEqual([5, expect.not.stringContaining('Looking counts')]);
    expect((await run(['purge', 'orders', '--include-failed', '--confirm', 'orders'])).code).toBe(0);
    expect((await sqs.stored('orders-dlq')).ready).toEqual([]);
  });

  it('heads the counts with the region that was asked for', async () => {
    const { home, sqs, run } = await open();
    expect((await run(['stats', '--region', 'us-west-2'])).stdout).toMatch(/^sqs:\/\/us-west-2 · sqs · /);
    await home.file('jobctl.yaml', 'version: 1\ncontexts: { prod: { url: "sqs://eu-test-1" } }\n');
    const named = await run(['stats', '-c', 'prod', '--region', 'us-west-2']);
    expect(named.stdout).toMatch(/^prod · sqs · region us-west-2 · /);
    const there = await run(['stats', '-c', 'prod', '--region', 'us-west-2', '--json']);
    expect(answerOf(there, 'stats')).toMatchObject({ context: 'prod', region: 'us-west-2' });
    expect((await run(['stats', '-c', 'prod'])).stdout).toMatch(/^prod · sqs · 2/);
    expect(sqs.standIn.calls).not.toContain('ReceiveMessage');
  });

  it('passes a pointer to a large payload through, and does not judge it by the schema of the payload', async () => {
    const { sqs, home, run } = await open();
    const body = '["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "large", "s3Key": "k"}]';
    const size = { ExtendedPayloadSize: { DataType: 'Number', StringValue: '300000' } };
    const orders = await sqs.pair('orders');
    const [id = ''] = await sqs.dead(orders, [
      { MessageBody: body, MessageAttributes: size },
      { MessageBody: '{"n":1}' },
    ]);
    await home.file('jobctl.yaml', 'version: 1\njobTypes: { orders: { payload: { type: object } } }\n');
    expect((await run(['dlq', 'show', id])).stdout).toContain('payload: s3://large/k');
    expect((await run(['replay', 'orders', '--valid-only', '--yes'])).code).toBe(0);
    const sent = (await sqs.stored('orders')).ready.find((one) => one.body === body);
    expect(sent?.messageAttributes).toEqual(size);
  });

  it('replays with a plan that says where and what looking costs; undo takes back what waits, once that is allowed', async () => {
    const { sqs, run } = await open();
    await sqs.dead(await sqs.pair('orders'), numbered(12));
    const dry = await run(['replay', 'orders', '--dry-run']);
    expect(dry.stderr.replace(/\s+/g, ' ')).toMatch(/sqs:\/\/eu-test-1 \(account 000000000000, endpoint http/);
    expect(dry.stderr.replace(/\s+/g, ' ')).toContain('Looking counts as a receive');
    expect(dry.stdout).toContain('nothing was changed; ~12 jobs matched');
    expect((await sqs.stored('orders-dlq')).ready).toHaveLength(12);
    const report = answerOf<Report>(await run(['replay', 'orders', '--yes', '--json']), 'report');
    expect(report).toMatchObject({ complete: true, outcomes: { done: 12 } });
    expect((await sqs.stored('orders')).ready).toHaveLength(12);
    expect(report.next).toEqual([`jobctl undo ${report.run} --receive`]);
    for (const how of ['--dry-run', '--yes']) {
      const undo = await run(['undo', report.run, how, '--json']);
      expect([undo.code, errorOf(undo).next.join()]).toEqual([4, expect.stringContaining('--receive')]);
    }
    const taken = new ReceiveMessageCommand({ QueueUrl: (await sqs.queue('orders')).url });
    await sqs.client.send(taken);
    const undone = await run(['undo', report.run, '--receive', '--yes', '--json']);
    expect(undone.code).toBe(3);
    expect(undone.stderr.replace(/\s+/g, ' ')).toMatch(/send back what no worker has taken of run/);
    expect(answerOf<Report>(undone, 'report')).toMatchObject({
      complete: false,
      outcomes: { done: 11, skipped: 1 },
      skipped: [{ why: expect.stringMatching(/a worker has taken it/) }],
    });
    expect((await sqs.stored('orders-dlq')).ready).toHaveLength(11);
  });

  it('purges with a backup and restores from it', async () => {
    const { sqs, run } = await open();
    await sqs.dead(await sqs.pair('orders'), numbered(4));
    const purged = answerOf<Report>(await run(['dlq', 'purge', 'orders', '--confirm', 'orders', '--json']), 'report');
    expect(purged).toMatchObject({ complete: true, outcomes: { done: 4 } });
    expect((await sqs.stored('orders-dlq')).ready).toEqual([]);
    const restored = answerOf<Report>(await run(['restore', purged.run, '--yes', '--json']), 'report');
    expect(restored).toMatchObject({ complete: true, outcomes: { done: 4 } });
    expect((await sqs.stored('orders-dlq')).ready).toHaveLength(4);
  });

  it('a lost answer leaves the run unfinished with exit code 3; resume goes on and says what it did', async () => {
    const { sqs, run } = await open();
    await sqs.dead(await sqs.pair('orders'), numbered(3));
    atOnce(sqs, (action) => (action === 'SendMessageBatch' ? { cut: 'before' } : undefined));
    const broken = await run(['replay', 'orders', '--yes', '--json']);
    expect(broken.code).toBe(3);
    const report = answerOf<Report>(broken, 'report');
    expect(report).toMatchObject({ complete: false, outcomes: { unknown: 3 } });
    atOnce(sqs);
    const resumed = answerOf<Report>(await run(['run', 'resume', report.run, '--yes', '--json']), 'report');
    expect(resumed).toMatchObject({
      complete: true,
      outcomes: { done: 3 },
      // nobody can know whether the send took place whose answer was lost
      warnings: [
        '3 jobs of the batch that broke off: the send was never confirmed: sent again, it may then be there twice',
      ],
    });
    expect((await run(['run', 'show', report.run])).stdout).toMatch(/warning +3 jobs of the batch that broke off/);
    expect((await sqs.stored('orders')).ready).toHaveLength(3);
  });

  it('refuses to look into a queue with a dead-letter policy of its own without --receive', async () => {
    const { sqs, run } = await open();
    const orders = await sqs.pair('orders');
    await sqs.send(orders.source, numbered(2));
    const refused = await run(['job', 'list', 'orders', '--json']);
    expect([refused.code, errorOf(refused).code]).toEqual([4, 'JOBCTL_REFUSED']);
    const listed = await run(['job', 'list', 'orders', '--receive', '--json']);
    expect(answerOf<{ jobs: unknown[] }>(listed, 'job-list').jobs).toHaveLength(2);
  });

  it('tells the nearest names of a queue that is not there, or none where listing is forbidden', async () => {
    const { sqs, run } = await open();
    await sqs.pair('orders');
    const wrong = await run(['dlq', 'list', 'order', '--json']);
    expect([wrong.code, errorOf(wrong).message]).toEqual([2, expect.stringMatching(/Did you mean orders/)]);
    atOnce(sqs, (action) => (action === 'ListQueues' ? { refuse: 'AccessDenied' } : undefined));
    const alone = await run(['dlq', 'list', 'order', '--json']);
    expect([alone.code, errorOf(alone).code]).toEqual([2, 'JOBCTL_USAGE']);
    expect((await run(['dlq', 'list', 'orders', '--json'])).code).toBe(0);
    const all = await run(['stats', '--json']);
    expect([all.code, errorOf(all).message]).toEqual([8, expect.stringMatching(/sqs:ListQueues/)]);
  });

  it('lets go of everything on Ctrl-C', async () => {
    const { sqs, home } = await open();
    await sqs.dead(await sqs.pair('orders'), numbered(5));
    // the count says that there are more, so the look goes on
    sqs.standIn.fault = (action) =>
      action === 'GetQueueAttributes'
        ? {
            answer: (answer) => ({
              Attributes: { ...(answer['Attributes'] as object), ApproximateNumberOfMessages: '900' },
            }),
          }
        : undefined;
    const running = home.start(['dlq', 'list', 'orders'], { env: sqs.env });
    const held = async () => (await sqs.stored('orders-dlq')).inflight.length === 5;
    await until('all messages held', held);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect((await sqs.stored('orders-dlq')).inflight).toEqual([]);
  });

  it('takes endpoint and profile from the context, and says so when nothing listens there or no key is known', async () => {
    const { sqs, home } = await open();
    await sqs.pair('orders');
    const contexts = `version: 1\ncontexts:\n  here: { url: sqs://eu-test-1, endpoint: "${sqs.endpoint}" }\n  gone: { url: sqs://eu-test-1, endpoint: "http://127.0.0.1:1" }\n  nobody: { url: sqs://eu-test-1, endpoint: "${sqs.endpoint}", profile: nobody }\n`;
    await home.file('jobctl.yaml', contexts);
    const ask = (
      context: string,
      env: Record<string, string> = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    ) =>
      home.warm(['stats', '-c', context, '--json'], {
        env: { ...env, AWS_EC2_METADATA_DISABLED: 'true', JOBCTL_URL: '' },
      });
    expect((await ask('here')).code).toBe(0);
    const gone = await ask('gone');
    expect([gone.code, errorOf(gone).message]).toEqual([8, expect.stringMatching(/cannot be reached/)]);
    const nobody = await ask('nobody', {});
    expect([nobody.code, errorOf(nobody).message]).toEqual([8, expect.stringMatching(/No AWS credentials/)]);
  });

  it('lets SQS move a whole dead-letter queue, and refuses whatever would choose among its messages', async () => {
    const { sqs, run } = await open();
    await sqs.dead(await sqs.pair('orders'), numbered(7));
    const chosen = await run(['replay', 'orders', '--native', '--limit', '3', '--yes', '--json']);
    expect([chosen.code, errorOf(chosen).message]).toEqual([2, expect.stringMatching(/cannot heed --limit/)]);
    const unnamed = await run(['replay', 'orders', '--native', '--yes', '--json']);
    expect([unnamed.code, errorOf(unnamed).next]).toEqual([4, ['Add --confirm orders']]);
    const moved = await run(['replay', 'orders', '--native', '--rate', '100/s', '--no-backup', '--yes', '--json']);
    expect(answerOf<Report>(moved, 'report')).toMatchObject({ complete: true, outcomes: { done: 7 } });
    expect(moved.stderr.replace(/\s+/g, ' ')).toMatch(/Move all of orders-dlq .* none is possible; nothing leaves/);
  });

  it('adds messages and takes them back; empties a queue only when it is named', async () => {
    const { sqs, run } = await open();
    await sqs.pair('orders');
    const added = await run(['enqueue', 'orders', 'order.ship', '--payload', '{"n":1}', '--yes', '--json']);
    const report = answerOf<Report>(added, 'report');
    expect(report).toMatchObject({ complete: true, outcomes: { done: 1 } });
    const blind = await run(['undo', report.run, '--confirm', 'orders', '--json']);
    expect([blind.code, errorOf(blind).next.join()]).toEqual([4, expect.stringMatching(/--receive/)]);
    const undone = await run(['undo', report.run, '--receive', '--confirm', 'orders', '--json']);
    expect(answerOf<Report>(undone, 'report')).toMatchObject({ complete: true, outcomes: { done: 1 } });
    expect((await sqs.stored('orders')).ready).toEqual([]);
    await run(['enqueue', 'orders', '--yes']);
    const vague = await run(['purge', 'orders', '--native', '--no-backup', '--yes', '--json']);
    expect(vague.code).toBe(4);
    const purged = await run(['purge', 'orders', '--native', '--no-backup', '--confirm', 'orders', '--json']);
    expect(answerOf<Report>(purged, 'report')).toMatchObject({ complete: true, matched: 1, emptied: true });
    expect(purged.stderr.replace(/\s+/g, ' ')).toMatch(/NOTHING IS SAVED/);
    const shown = await run(['run', 'show', answerOf<Report>(purged, 'report').run]);
    expect(shown.stdout).toContain('the queue was emptied, about 1 job by the count before');
    expect((await run(['run', 'list'])).stdout).toMatch(/purge-orders-\S+ +finished .* emptied, about 1$/m);
    expect((await sqs.stored('orders')).ready).toEqual([]);
  });
});
