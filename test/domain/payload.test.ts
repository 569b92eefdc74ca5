import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { payloadPointer, payloadValue, toJson } from '../../src/domain/payload.ts';

describe('payloads', () => {
  it('keep every integer whole', () => {
    fc.assert(
      fc.property(fc.bigInt(), (integer) => {
        const value = payloadValue(`{"id":${integer},"list":[${integer}]}`) as { id: bigint | number };
        expect(BigInt(value.id)).toBe(integer);
        expect(toJson(value)).toBe(`{"id":${integer},"list":[${integer}]}`);
      }),
    );
  });

  it('give a number where a number is exact, and a BigInt only where it is not', () => {
    expect(payloadValue('[9007199254740991,9007199254740992,9007199254740993]')).toEqual([
      9007199254740991,
      9007199254740992n,
      9007199254740993n,
    ]);
    expect(payloadValue('{"n":1.5,"digits":"9007199254740993"}')).toEqual({ n: 1.5, digits: '9007199254740993' });
  });

  it('come back from JSON as they went', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        expect(toJson(payloadValue(text))).toBe(text);
      }),
    );
  });

  it.each(['', '{"half', 'plain text', '{"a":1}}', 'a\u0000b', '\ud800', "{'a':1}", 'NaN'])(
    'show broken JSON as the text itself: %j',
    (text) => {
      expect(payloadValue(text)).toBe(text);
    },
  );

  it('keep a property named __proto__ a property', () => {
    const value = payloadValue('{"__proto__":{"admin":true},"n":12345678901234567890}') as { admin?: unknown };
    expect(value.admin).toBeUndefined();
    expect(toJson(value)).toBe('{"__proto__":{"admin":true},"n":12345678901234567890}');
  });

  it('survive depth', () => {
    const text = `${'['.repeat(2000)}9007199254740993${']'.repeat(2000)}`;
    expect(toJson(payloadValue(text))).toBe(text);
  });

  it('are indented when asked', () => {
    expect(toJson({ id: 9007199254740993n }, 2)).toBe('{\n  "id": 9007199254740993\n}');
  });
});

it('a pointer to a payload elsewhere is known as every client writes it, and nothing else for one', () => {
  const at = ['software.amazon.payloadoffloading.PayloadS3Pointer', { s3BucketName: 'b', s3Key: 'k/1' }] as const;
  expect(payloadPointer(JSON.stringify(at))).toBe('s3://b/k/1');
  // the clients for Python write it with spaces
  expect(payloadPointer(JSON.stringify(at, undefined, 1))).toBe('s3://b/k/1');
  expect(payloadPointer(`["com.amazon.sqs.javamessaging.MessageS3Pointer",${JSON.stringify(at[1])}]`)).toBe(
    's3://b/k/1',
  );
  for (const text of [
    '',
    '[]',
    '["S3Pointer"',
    '["S3Pointer"]',
    '["S3Pointer",null]',
    '["S3Pointer",{"s3Key":1}]',
    '{"s3Key":"k"}',
  ])
    expect(payloadPointer(text), text).toBeUndefined();
});
