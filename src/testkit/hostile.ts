import type { Holds } from './bench.ts';

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

/** Payloads that a careless copy would change, by name; only those that the backend can store. */
export function hostilePayloads(holds: Holds): Record<string, string> {
  const objects = {
    unicode: '{"name":"Zoë 👩‍🚀 \u202e אבג","e\u0301":"é"}',
    'control characters': '{"esc":"\\u001b[31m","tab":"\\t","quote":"\\"","slash":"\\\\","line":"\\u2028"}',
    'big integers': '{"id":9007199254740993,"more":[-123456789012345678901234567890]}',
    'exact decimals': '{"price":0.10000000000000000001,"tiny":1e-300}',
    'odd names': '{"__proto__":{"x":1},"constructor":2,"":3,"$where":4}',
    'quotes and statements': '{"sql":"\'; drop table jobs; --","shell":"$(reboot)"}',
    'depth 500': deep(500),
    empty: '{}',
  };
  return {
    ...objects,
    ...(holds.nulEscape && { 'escaped NUL': '{"nul":"a\\u0000b"}' }),
    ...(holds.loneSurrogates && { 'half a surrogate pair': '{"half":"\\ud800","other":"\\udfff x"}' }),
    ...(holds.payloads !== 'json object' && {
      list: '[1,"two",null]',
      number: '9007199254740993',
      null: 'null',
      text: '"plain"',
    }),
    ...(holds.payloads === 'any text' && {
      'broken JSON': '{"to": "ada@example.com", "half',
      'spaces kept': '{ "b" : 1,\n  "a" : 1.0 , "a": 2 }',
      nothing: '',
      'raw NUL and half a pair': 'a\u0000b\ud800c',
    }),
    // last, because the checks compare everything that lies there again and again
    'one mebibyte': `{"blob":"${'x'.repeat(1024 * 1024)}"}`,
  };
}
