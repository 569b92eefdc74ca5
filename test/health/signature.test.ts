import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalised } from '../../src/health/normalised.ts';
import { ownFrame } from '../../src/health/own-frame.ts';
import { signature } from '../../src/health/signature.ts';

const golden = new URL('./signatures.golden.txt', import.meta.url);

const examples: readonly (readonly [type: string, message: string | undefined, kind?: string, stack?: string])[] = [
  ['email.send', 'connect ECONNREFUSED 10.2.3.4:5432', 'Error'],
  ['email.send', 'Request failed with status code 503', 'AxiosError'],
  ['email.send', 'Request failed with status code 404', 'AxiosError'],
  ['email.send', 'TimeoutError: no answer from smtp-3.mail.internal after 30.5s (attempt 5 of 5)'],
  ['order.ship', 'order 550e8400-e29b-41d4-a716-446655440000 of user 42 is locked since 2026-11-24T03:41:09.123Z'],
  [
    'order.ship',
    'duplicate key value violates unique constraint "orders_pkey" DETAIL: Key (id)=(991) already exists.',
    'psycopg.errors.UniqueViolation',
  ],
  [
    'order.ship',
    "Cannot read properties of undefined (reading 'id')",
    'TypeError',
    "TypeError: Cannot read properties of undefined (reading 'id')\n    at Array.map (<anonymous>)\n    at run (/app/node_modules/p-map/index.js:3:1)\n    at async Mailer.send (file:///srv/app/dist/mailer.js:10:5)\n    at processTicksAndRejections (node:internal/process/task_queues:95:5)",
  ],
  ['report.build', 'ENOENT: no such file or directory, open /var/lib/app/reports/2026/11/r-991.csv', 'Error'],
  ['report.build', 'no space left on device: C:\\Users\\app\\temp\\x1.tmp', 'OSError'],
  ['hook.post', 'POST https://api.example.com:8443/v1/customers/cus_N8sd92KsL/cards?limit=10 gave HTTP/1.1 502'],
  ['hook.post', 'cannot deliver to ada.lovelace+x@example.co.uk: mailbox “ada” is full (10MB of 10MB)'],
  ['hook.post', 'bad pointer 0xdeadbeef in worker-12, job 3f9a2c71bd'],
  ['hook.post', 'unreachable: [2001:db8::1]:443, 192.168.0.7, 192.168.0.8'],
  ['hook.post', 'ids 1, 2, 3 and 4 are missing'],
  ['hook.post', 'expired on Tue Nov 24 2026 03:41:09 GMT+0100 (Central European Standard Time)'],
  ['hook.post', ''],
  ['hook.post', undefined],
];

const line = ([type, message, kind, stack]: (typeof examples)[number]): string => {
  const { group, text } = signature({
    type,
    error: message === undefined ? undefined : { message, class: kind, stack },
  });
  return `${group} ${text}`;
};

describe('signature', () => {
  it('gives the golden ids: a changed rule changes what operators have written down', () => {
    const text = `${examples.map(line).join('\n')}\n`;
    if (process.env['GOLDEN'] === '1') writeFileSync(golden, text);
    expect(text).toBe(readFileSync(golden, 'utf8'));
  });

  it('tells a job without a stored error by its type alone', () => {
    expect(signature({ type: 'a', error: undefined }).text).toBe('a: no error text is stored');
    expect(signature({ type: 'a', error: undefined }).group).not.toBe(signature({ type: 'b', error: undefined }).group);
  });

  it('does not mind whether the class stands in the message too', () => {
    const bare = signature({ type: 'a', error: { message: 'lost', class: 'TimeoutError' } });
    expect(signature({ type: 'a', error: { message: 'TimeoutError: lost' } })).toEqual(bare);
    expect(signature({ type: 'a', error: { message: 'TimeoutError: lost', class: 'TimeoutError' } })).toEqual(bare);
  });

  it('keeps apart other types, classes, words and places', () => {
    const at = (file: string) => `Error: x\n    at send (/srv/${file}:1:1)`;
    const groups = [
      signature({ type: 'a', error: { message: 'lost', class: 'X' } }),
      signature({ type: 'b', error: { message: 'lost', class: 'X' } }),
      signature({ type: 'a', error: { message: 'lost', class: 'Y' } }),
      signature({ type: 'a', error: { message: 'found', class: 'X' } }),
      signature({ type: 'a', error: { message: 'lost', class: 'X', stack: at('a.js') } }),
      signature({ type: 'a', error: { message: 'lost', class: 'X', stack: at('b.js') } }),
    ].map(({ group }) => group);
    expect(new Set(groups).size).toBe(groups.length);
    expect(groups.every((group) => /^g-[0-9a-f]{8}$/.test(group))).toBe(true);
  });
});

describe('the variable parts of a message', () => {
  const ip = fc.ipV4();
  const part = fc.oneof(
    fc.nat(),
    fc.uuid(),
    ip,
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }).map((date) => date.toISOString()),
    fc.double({ min: 0.1, max: 1e6, noNaN: true }).map((value) => value.toFixed(2)),
  );
  it('do not change it', () => {
    const message = (n: number, id: string, address: string, seconds: number, quoted: string) =>
      `user ${n} (${id}) at ${address} gave up after ${seconds}ms on "${quoted}" in /srv/r${n}/app/main.py:${seconds}`;
    const args = [fc.nat(), fc.uuid(), ip, fc.nat(), fc.stringMatching(/^[a-z0-9 ]{0,20}$/)] as const;
    fc.assert(
      fc.property(...args, (n, id, address, seconds, quoted) => {
        expect(normalised(message(n, id, address, seconds, quoted))).toBe(
          'user <n> (<id>) at <ip> gave up after <duration> on <value> in <path>',
        );
      }),
      { numRuns: 300 },
    );
  });

  it('leave no digit behind but the status of HTTP, and nothing more to take out', () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const once = normalised(`cannot take ${parts.join(' or ')} now`);
        expect(once).not.toMatch(/\d/);
        expect(normalised(once)).toBe(once);
      }),
    );
  });

  it.each([
    ['worker-12 lost order_10293847', 'worker-<n> lost order_<n>'],
    ['upl_9f3ac021 upl_ad948372 upl_00ffaa11', 'upl_<id> upl_<id> upl_<id>'],
    ['3f9a2c71 took 10MB', '<id> took <n>MB'],
  ])('are told from words: %s', (message, shape) => {
    expect(normalised(message)).toBe(shape);
  });

  it('stay words where they are words', () => {
    for (const text of [
      "can't connect and won't retry",
      'and/or',
      'ECONNREFUSED',
      'Connection reset by peer',
      'deadbeef is a cafe',
    ])
      expect(normalised(text)).toBe(text);
  });

  it('take no more than linear time', () => {
    const hostile = [
      'a.'.repeat(50_000),
      '1:'.repeat(50_000),
      '"'.repeat(100_000),
      "'a".repeat(50_000),
      '1s '.repeat(50_000),
      '/a'.repeat(50_000),
      'a-1'.repeat(50_000),
      '\\'.repeat(100_000),
      `${'a'.repeat(99_999)}@`,
      '1.'.repeat(50_000),
      '<n>, '.repeat(20_000),
      `http://${'a/1'.repeat(40_000)}`,
    ];
    for (const text of hostile) {
      const start = performance.now();
      signature({ type: 'a', error: { message: text, stack: `${text}\n    at ${text}` } });
      expect(performance.now() - start, text.slice(0, 10)).toBeLessThan(250);
    }
  });
});

describe('the own frame', () => {
  it.each([
    [
      'node',
      'Error: x\n    at Object.<anonymous> (/app/node_modules/a/b.js:1:2)\n    at new Mailer (/srv/releases/20261124/src/mail/index.ts:7:3)',
      'Mailer (mail/index.ts)',
    ],
    [
      'node, only a place',
      'Error: x\n    at node:internal/a:1:2\n    at file:///srv/app/dist/mailer-3fa9c2d1.js:10:5',
      'mailer.js',
    ],
    ['node on Windows', 'Error: x\n    at Mailer.send [as go] (C:\\app\\mailer.js:1:2)', 'send (mailer.js)'],
    [
      'python',
      'Traceback (most recent call last):\n  File "/srv/app/jobs/mail.py", line 10, in run\n    send()\n  File "/srv/app/jobs/smtp.py", line 3, in send\n    ^^^^\n  File "/usr/lib/python3.12/smtplib.py", line 9, in connect\n  File "/v/site-packages/x.py", line 1, in y\nOSError: x',
      'send (smtp.py)',
    ],
    [
      'ruby 3.3',
      "/usr/gems/net-http/lib/http.rb:10:in `connect'\napp/jobs/mail_job.rb:14:in `block in perform'",
      'perform (mail_job.rb)',
    ],
    [
      'ruby 3.4',
      "<internal:kernel>:187:in 'loop'\napp/jobs/mail_job.rb:99:in 'MailJob#perform'",
      'perform (mail_job.rb)',
    ],
    [
      'go',
      'goroutine 1 [running]:\nruntime.gopanic({0x1, 0x2})\n\t/usr/local/go/src/runtime/panic.go:770 +0x132\ngithub.com/shop/jobs/mail.(*Mailer).Send(0xc000, {0x1})\n\t/build/mail/mailer.go:42 +0x1d',
      'mail.(*Mailer).Send (mailer.go)',
    ],
    [
      'java',
      'java.lang.IllegalStateException: x\n\tat java.base/java.util.ArrayList.get(ArrayList.java:427)\n\tat org.springframework.a.B.c(B.java:1)\n\tat com.shop.mail.Mailer.send(Mailer.java:31)',
      'com.shop.mail.Mailer.send (Mailer.java)',
    ],
    ['only foreign code', 'Error: x\n    at a (/app/node_modules/a/b.js:1:2)', undefined],
    ['no trace at all', 'it broke', undefined],
  ])('%s', (_name, stack, frame) => expect(ownFrame(stack)).toBe(frame));

  it('does not depend on line numbers and folders', () => {
    expect(ownFrame('E\n    at send (/srv/a/mailer.js:1:2)')).toBe(
      ownFrame('E\n    at send (/opt/releases/7/mailer.js:99:1)'),
    );
  });
});
