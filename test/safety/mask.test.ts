import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskArgv, maskSecrets, maskUrl } from '../../src/safety/mask.ts';

describe('maskUrl', () => {
  it.each([
    ['postgres://app:pw@db:5432/jobs', 'postgres://app:***@db:5432/jobs'],
    ['postgres://app@db:5432/jobs', 'postgres://app@db:5432/jobs'],
    ['postgres://app:p%40ss%2Fw@db/jobs', 'postgres://app:***@db/jobs'],
    ['postgres://app:p@ss@w@db/jobs', 'postgres://app:***@db/jobs'],
    ['postgres://app:p/a?s#s@db/jobs', 'postgres://app:***@db/jobs'],
    ['postgres://app:12/34@db/jobs', 'postgres://app:***@db/jobs'],
    ['postgres://app:p@a/b@db/jobs', 'postgres://app:***@db/jobs'],
    ['postgres://app:pw@[::1]:5432/jobs?sslmode=require', 'postgres://app:***@[::1]:5432/jobs?sslmode=require'],
    ['postgres://[fe80::1]:5432/jobs', 'postgres://[fe80::1]:5432/jobs'],
    ['postgres:///jobs?host=/tmp&user=app&password=p%26w&x=1', 'postgres:///jobs?host=/tmp&user=app&password=***&x=1'],
    ['postgres://app:pw@h1:1,h2:2/jobs', 'postgres://app:***@h1:1,h2:2/jobs'],
    ['redis://:pw@h:6379/0', 'redis://:***@h:6379/0'],
    ['redis://h:6379/0', 'redis://h:6379/0'],
    ['https://ghp_abc@github.com/x', 'https://***@github.com/x'],
    ['https://host:8080/@scope/name', 'https://host:8080/@scope/name'],
    [
      'https://sqs.eu-west-1.amazonaws.com/1/q?X-Amz-Signature=abc&X-Amz-Date=1',
      'https://sqs.eu-west-1.amazonaws.com/1/q?X-Amz-Signature=***&X-Amz-Date=1',
    ],
    ['https://h/cb?next=postgres%3A%2F%2Fu%3Apw%40db%2Fx', 'https://h/cb?next=postgres%3A%2F%2Fu%3A***%40db%2Fx'],
    ['postgres://app:${DB_PASSWORD}@db/jobs', 'postgres://app:${DB_PASSWORD}@db/jobs'],
    ['postgres://app:a${DB_PASSWORD}@db/jobs', 'postgres://app:***@db/jobs'],
    ['memory:', 'memory:'],
  ])('%s', (url, masked) => expect(maskUrl(url)).toBe(masked));
});

describe('maskSecrets', () => {
  it.each([
    ['connect to "postgres://app:pw@db/x" failed', 'connect to "postgres://app:***@db/x" failed'],
    ['a=redis://:pw@h1 b=redis://u:pw2@h2, done', 'a=redis://:***@h1 b=redis://u:***@h2, done'],
    ['host=db user=app password=pw dbname=x', 'host=db user=app password=*** dbname=x'],
    ["password = 'it\\'s p w' dbname=x", 'password = *** dbname=x'],
    ["password='a''b' dbname=x", 'password=*** dbname=x'],
    ['PGPASSWORD=pw AWS_SECRET_ACCESS_KEY=abc psql', 'PGPASSWORD=*** AWS_SECRET_ACCESS_KEY=*** psql'],
    ['{"user":"a","password":"p\\"w","n":1}', '{"user":"a","password":"***","n":1}'],
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer ***'],
    ['see redirect=postgres%3A%2F%2Fu%3Apw%40db', 'see redirect=postgres%3A%2F%2Fu%3A***%40db'],
    ['jdbc:postgresql://db/x?user=a&password=pw', 'jdbc:postgresql://db/x?user=a&password=***'],
    ["in 'postgres://app:p'w@db/x' and `redis://:pw@h`", "in 'postgres://app:***@db/x' and `redis://:***@h`"],
    ['{"url":"redis://h:6379/0","to":"a@h"}', '{"url":"redis://h:6379/0","to":"a@h"}'],
    ['1postgres://u:pw@h', '1postgres://u:***@h'],
    [
      'tokens_used=12, mail ada@example.org, a bearer of news',
      'tokens_used=12, mail ada@example.org, a bearer of news',
    ],
  ])('%s', (text, masked) => expect(maskSecrets(text)).toBe(masked));

  it('hides whatever a properly written URL carries as a password, anywhere', () => {
    const word = fc.stringMatching(/^[a-z]{1,8}$/);
    fc.assert(
      fc.property(
        word,
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
        word,
        fc.constantFrom('db', '[::1]', '10.0.0.1', 'a.b'),
        (user, tail, around, host) => {
          const secret = `Z9q${encodeURIComponent(tail.toWellFormed())}`;
          const masked = maskSecrets(`${around} postgres://${user}:${secret}@${host}:5432/jobs, ${around}`);
          expect(masked).toBe(`${around} postgres://${user}:***@${host}:5432/jobs, ${around}`);
        },
      ),
    );
  });

  it.each(['a', 'a.', 'password', 'a:', '%3a', 'x://', '"', "='", ' =', '@', 'a://b:c/', 'bearer ', '\\'])(
    'reads a megabyte of %j without delay',
    (piece) => {
      const began = performance.now();
      maskSecrets(piece.repeat(1_000_000 / piece.length));
      maskSecrets(`password='${piece.repeat(1_000_000 / piece.length)}`);
      expect(performance.now() - began).toBeLessThan(1500);
    },
  );
});

it('maskArgv hides the values of secret flags, and secrets inside of other words', () => {
  expect(maskArgv(['--url=redis://:pw@h', '--token', 'abc', '--api-key=abc', '--password', '--json', 'email'])).toEqual(
    ['--url=redis://:***@h', '--token', '***', '--api-key=***', '--password', '--json', 'email'],
  );
});
