import { expect, it } from 'vitest';
import { jobTypesMarkdown } from '../../src/output/job-type-text.ts';

it('the document of the types has a table of fields, also of those within others', () => {
  const payload = {
    description: 'Sends one mail.',
    type: 'object',
    properties: {
      to: { $ref: '#/$defs/address' },
      attempts: { type: 'integer', minimum: 1, description: 'How often | at most' },
      items: { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] } },
      mode: { enum: ['fast', 'slow'] },
      next: { $ref: '#' },
    },
    required: ['to'],
    additionalProperties: false,
    $defs: { address: { type: 'string', format: 'email' } },
  };
  const text = jobTypesMarkdown([
    { type: 'email.send', payload, key: 'email:{to}', maxAttempts: 5, lane: 'mail' },
    { type: 'report.build' },
  ]);
  expect(text).toContain(
    '## email.send\n\nSends one mail.\n\n- idempotency key: `email:{to}`\n- attempts: 5\n- lane: mail\n',
  );
  for (const line of [
    '| `to` | string (email) | yes |  |',
    '| `attempts` | integer | no | How often \\| at most; at least 1 |',
    '| `items` | list of object | no |  |',
    '| `items[].id` | string | yes |  |',
    '| `mode` | "fast" or "slow" | no |  |',
  ])
    expect(text.split('\n')).toContain(line);
  expect(text).not.toContain('`next.');
  expect(text).toContain('No other field is allowed.');
  expect(text).toContain('## report.build\n\nThe payload is not checked: it has no schema.');
});
