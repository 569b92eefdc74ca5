import { describe, expect, it } from 'vitest';
import { payloadValue } from '../../src/domain/payload.ts';
import { redactor, redactText } from '../../src/safety/redact.ts';

const hide = redactor();
const gone = '[redacted]';

describe('the redactor', () => {
  it.each([
    'password',
    'Passwd',
    'userPassword',
    'USER_PASSWORD',
    'secret',
    'clientSecret',
    'client-secret',
    'token',
    'accessToken',
    'refresh_tokens',
    'Authorization',
    'set-cookie',
    'cookies',
    'apikey',
    'apiKey',
    'API_KEY',
    'X-Api-Key',
    'APIKey',
    'card',
    'cardNumber',
    'card_number',
    'cvv',
    'ssn',
    'customerSSN',
    'private_key',
    'userpassword',
    'secret_access_key',
    'credentials',
  ])('hides %s', (name) => expect(hide({ [name]: 'x' })).toEqual({ [name]: gone }));

  it.each([
    'tokens_used',
    'secretary',
    'tokenizer',
    'cards_dealt',
    'passenger',
    'discard',
    'author',
    'id',
    'key',
    'name',
    'password_hint_shown',
    'lesson',
  ])('shows %s', (name) => expect(hide({ [name]: 'x' })).toEqual({ [name]: 'x' }));

  it('goes deep, through lists, and hides whole objects', () => {
    expect(hide({ a: [{ b: { card: { number: '4111', exp: 1 } } }, 'x'], n: null })).toEqual({
      a: [{ b: { card: gone } }, 'x'],
      n: null,
    });
  });

  it('returns a copy and leaves the value alone', () => {
    const value = { password: 'x', list: [{ token: 'y' }] };
    const before = structuredClone(value);
    expect(hide(value)).not.toBe(value);
    expect(value).toEqual(before);
  });

  it('keeps order, BigInts, nulls, booleans and counts', () => {
    const value = payloadValue(
      '{"z":12345678901234567890,"hasPassword":true,"secret":null,"max_tokens":4096,"a":[1.5,"é"]}',
    );
    expect(hide(value)).toEqual(value);
    expect(Object.keys(hide(value) as object)).toEqual(['z', 'hasPassword', 'secret', 'max_tokens', 'a']);
  });

  it('hides the fields and paths of the configuration', () => {
    const own = redactor({ fields: ['customer_name'], paths: ['items.*.note', 'a.b', 'list.0'] });
    expect(
      own({
        customerName: 'x',
        items: [{ note: 1, keep: 2 }],
        a: { b: { c: 1 }, c: 2 },
        b: 3,
        list: [1, 2],
        deep: { a: { b: 4 } },
      }),
    ).toEqual({
      customerName: gone,
      items: [{ note: gone, keep: 2 }],
      a: { b: gone, c: 2 },
      b: 3,
      list: [gone, 2],
      deep: { a: { b: 4 } },
    });
  });

  it('hides e-mail addresses only when asked', () => {
    const value = { to: ['Ada <ada.l@example.org>, ü@münchen.de'] };
    expect(hide(value)).toEqual(value);
    expect(redactor({ email: true })(value)).toEqual({ to: [`Ada <${gone}>, ${gone}`] });
  });

  it('takes passwords out of URLs in texts, at the top too', () => {
    expect(hide({ dsn: 'postgres://a:pw@h/x' })).toEqual({ dsn: 'postgres://a:***@h/x' });
    expect(hide('retry redis://:pw@h')).toBe('retry redis://:***@h');
    expect(redactText('postgres://a:pw@h ada@example.org', { email: true })).toBe(`postgres://a:***@h ${gone}`);
  });

  it('leaves a text that is JSON exactly as it is, unless it hides a secret', () => {
    const plain = '{ "a" : 1.0, "big": 12345678901234567890 }';
    expect(hide({ Message: plain })).toEqual({ Message: plain });
    expect(hide({ Message: '{"password":"x","big":12345678901234567890}' })).toEqual({
      Message: '{"password":"[redacted]","big":12345678901234567890}',
    });
    expect(hide({ Message: JSON.stringify({ inner: JSON.stringify({ token: 'x' }) }) })).toEqual({
      Message: JSON.stringify({ inner: JSON.stringify({ token: gone }) }),
    });
  });

  it('survives any depth, and treats __proto__ as data', () => {
    let value: unknown = { password: 'x' };
    for (let i = 0; i < 50_000; i++) value = i % 2 ? [value] : { in: value };
    let out = hide(value);
    for (let i = 0; i < 50_000; i++) out = (i % 2 ? (out as { in: unknown }).in : (out as unknown[])[0]) as unknown;
    expect(out).toEqual({ password: gone });
    const odd = hide(JSON.parse('{"__proto__":{"token":"x"}}')) as object;
    expect(JSON.stringify(odd)).toBe('{"__proto__":{"token":"[redacted]"}}');
    expect(Object.getPrototypeOf(odd)).toBe(Object.prototype);
  });

  it('does not show a JSON text that is nested too deep to be read', () => {
    const text = `${'['.repeat(200_000)}{"password":"hunter2"}${']'.repeat(200_000)}`;
    expect(JSON.stringify(hide({ text }))).not.toContain('hunter2');
  });
});
