import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteMessageCommand, ReceiveMessageCommand, type SendMessageCommandInput } from '@aws-sdk/client-sqs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startAwsStandIn } from '../setup/aws-stand-in.ts';
import { mapOnto } from '../setup/lambda-mapping.ts';
import { createSqs, type TestQueue, type TestSqs } from '../setup/sqs.ts';
import { answer } from '../setup/sqs-answering.ts';
import { answerOf, errorOf } from './answer.ts';
import { type Home, homeForTest } from './jobctl.ts';

interface View {
  readonly ok: boolean;
  readonly seenBy?: string;
  readonly othersMet?: number;
}

interface Scene {
  readonly sqs: TestSqs;
  readonly home: Home;
  readonly orders: TestQueue;
  readonly replies: TestQueue;
  readonly env: Readonly<Record<string, string>>;
}

const config = (url: string) => `version: 1
default: shop
contexts:
  shop:
    url: ${url}
    queues:
      orders:
        smoke: { payload: { note: "{mark}" }, replyQueue: replies }
  logged:
    url: ${url}
    queues:
      orders:
        smoke: { payload: { note: "{mark}" }, logPattern: "done {mark}" }
  own:
    url: "memory:"
    queues:
      orders:
        smoke: { replyQueue: replies }
`;

/** A shop whose consumer answers what it is asked to; `says` is what, undefined for not at all. It logs the body. */
async function open(says?: Partial<SendMessageCommandInput>, log: (body: string) => void = () => {}): Promise<Scene> {
  const sqs = await createSqs();
  const { source: orders } = await sqs.pair('orders');
  const replies = await sqs.queue('replies');
  // to wait for what is not there yet would cost a second each
  sqs.standIn.fault = (action) =>
    action === 'ReceiveMessage' ? { ask: (body) => ({ ...body, WaitTimeSeconds: 0 }) } : undefined;
  const home = await homeForTest();
  await home.file('jobctl.yaml', config(sqs.url));
  let ended = false;
  const QueueUrl = orders.url;
  const consumer = (async () => {
    while (!ended) {
      const ask = new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] });
      const { Messages = [] } = await sqs.client.send(ask);
      if (Messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      for (const message of Messages) {
        if (says !== undefined) await answer(sqs.client, message, says);
        log(message.Body ?? '');
        await sqs.client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
      }
    }
  })();
  onTestFinished(async () => {
    ended = true;
    await consumer;
    await sqs.drop();
  });
  return { sqs, home, orders, replies, env: sqs.env };
}

describe('smoke with a reply queue', { timeout: 60_000 }, () => {
  it('tells in every report that its end was seen by the answer', async () => {
    const { sqs, home, replies, env } = await open({});
    await sqs.send(replies, [{ MessageBody: 'of others' }]);
    const summary = await home.file('summary.md', '');
    const shown = await home.warm(['smoke', 'orders', '--yes', '--junit', 'smoke.xml'], {
      env: { ...env, GITHUB_STEP_SUMMARY: summary },
    });
    expect([shown.code, shown.stderr]).toEqual([0, expect.stringContaining('What others have in replies')]);
    expect(shown.stdout).toMatch(/^orders: works, seen after /);
    expect(shown.stdout).toMatch(/^ {2}seen by +the reply queue replies$/m);
    expect(shown.stdout).toMatch(/^ {2}let go +1 message of others in replies$/m);
    const junit = await readFile(join(home.folder, 'smoke.xml'), 'utf8');
    expect(junit).toContain('<property name="seen by" value="the reply queue replies"/>');
    expect(await readFile(summary, 'utf8')).toContain('its end was seen by the reply queue replies');
    const asked = await home.warm(['smoke', 'orders', '--reply-queue', replies.url, '--yes', '--json'], { env });
    expect(answerOf<View>(asked, 'smoke')).toMatchObject({
      ok: true,
      ended: 'completed',
      seenBy: 'the reply queue replies',
      replyQueue: 'replies',
      othersMet: 1,
      cleanedUp: true,
    });
    const { ready, inflight } = await sqs.stored('replies');
    expect([ready.map(({ body }) => body), inflight]).toEqual([['of others'], []]);
  });

  it('ends with 10 and shows the error of a worker that failed', async () => {
    const { home, env } = await open({ MessageBody: '{"ok":false,"error":"502 of the mail server"}' });
    const { code, stdout } = await home.warm(['smoke', 'orders', '--yes', '--json'], { env });
    expect([code, JSON.parse(stdout)]).toMatchObject([10, { ok: false, ended: 'failed' }]);
    expect(stdout).toContain('its worker answered in replies that it failed: 502 of the mail server');
  });

  it('ends with 9 when no answer came, although the message has left', async () => {
    const { home, env } = await open();
    const { code, stdout } = await home.warm(['smoke', 'orders', '--within', '2s', '--yes'], { env });
    expect(code).toBe(9);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/FAILED completes within 2s: no reply came to replies; ~0 waiting/);
    expect(stdout).not.toContain('seen by');
  });

  it('elsewhere it says what to do instead', async () => {
    const { home } = await open();
    const typed = await home.warm(['smoke', 'orders', '-c', 'own', '--reply-queue', 'replies', '--yes', '--json']);
    expect([typed.code, errorOf(typed)]).toEqual([
      2,
      expect.objectContaining({
        message: expect.stringContaining('memory has no reply queues'),
        next: ['jobctl smoke orders -c own   # without --reply-queue'],
      }),
    ]);
    const configured = await home.warm(['smoke', 'orders', '-c', 'own', '--yes', '--json']);
    expect([configured.code, errorOf(configured).next]).toEqual([
      2,
      ['Take replyQueue out of queues.orders.smoke in the configuration.'],
    ]);
  });
});

describe('smoke with a log pattern', { timeout: 60_000 }, () => {
  /** The consumer is a function that logs `done` and the mark; `says` makes a line of it. */
  async function openLogged(says = (mark: string) => `done ${mark}`) {
    const aws = await startAwsStandIn();
    onTestFinished(() => aws.stop());
    const group = '/aws/lambda/bill';
    const log = (body: string) => {
      const { note = '' } = JSON.parse(body) as { note?: string };
      aws.logs.push({ group, at: Date.now(), message: says(note) });
    };
    const scene = await open(undefined, log);
    mapOnto(aws, 'orders', 'bill');
    return { ...scene, env: { ...scene.env, ...aws.env } };
  }

  it('tells in text and JSON whose log its end was seen in', async () => {
    const { home, env } = await openLogged();
    const shown = await home.warm(['smoke', 'orders', '-c', 'logged', '--yes'], { env });
    expect(shown.code, shown.stderr).toBe(0);
    expect(shown.stdout).toMatch(/^orders: works, seen after /);
    expect(shown.stdout).toMatch(/^ {2}seen by +the log of bill$/m);
    // the flag comes before the reply queue of the configuration
    const asked = await home.warm(['smoke', 'orders', '--log-pattern', 'done {mark}', '--yes', '--json'], { env });
    expect(answerOf<View>(asked, 'smoke')).toMatchObject({
      ok: true,
      ended: 'completed',
      seenBy: 'the log of bill',
      logPattern: 'done {mark}',
    });
  });

  it('ends with 9 when no such line came, although the message has left', async () => {
    const { home, env } = await openLogged((mark) => `received ${mark}`);
    const args = ['smoke', 'orders', '-c', 'logged', '--within', '1s', '--yes'];
    const { code, stdout } = await home.warm(args, { env });
    expect(code).toBe(9);
    expect(stdout.replace(/\s+/g, ' ')).toMatch(/no line with "done smoke-\w+" came in the log of bill; ~0 waiting/);
    expect(stdout).not.toContain('seen by');
  });

  it('is a usage error where it proves nothing, beside a reply queue, and elsewhere', async () => {
    const { sqs, home, env } = await openLogged();
    const refused = async (...more: string[]) => {
      const ended = await home.warm(['smoke', 'orders', ...more, '--yes', '--json'], { env });
      const { message, next } = errorOf(ended);
      return [ended.code, message, next.join(' ')];
    };
    expect(await refused('--log-pattern', 'done')).toEqual([
      2,
      expect.stringContaining('{mark} or {id} must be in it'),
      expect.stringContaining('plain text'),
    ]);
    const both = await refused('--log-pattern', 'done {id}', '--reply-queue', 'replies');
    expect(both.slice(0, 2)).toEqual([2, expect.stringContaining('--reply-queue')]);
    expect(await refused('-c', 'own', '--log-pattern', 'done {id}')).toEqual([
      2,
      expect.stringContaining('memory has no log patterns'),
      'jobctl smoke orders -c own   # without --log-pattern',
    ]);
    const spoilt = async (smoke: string) => {
      await home.file('jobctl.yaml', config(sqs.url).replace('logPattern: "done {mark}"', smoke));
      return (await refused('-c', 'logged')).slice(0, 2);
    };
    expect(await spoilt('logPattern: done')).toEqual([2, expect.stringContaining('logPattern names no job')]);
    expect(await spoilt('logPattern: "{id}", replyQueue: replies')).toEqual([
      2,
      expect.stringContaining('logPattern stands beside replyQueue'),
    ]);
  });
});
