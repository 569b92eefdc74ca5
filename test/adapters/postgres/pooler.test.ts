import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { makeDead } from '../../setup/procrastinate.ts';
import { placeForTest } from './place.ts';

/** A start-up message without its `options`, as PgBouncer passes it on with `ignore_startup_parameters = options`. */
function withoutOptions(message: Buffer): Buffer {
  const words = message.toString('utf8', 8).split('\0');
  const at = words.indexOf('options');
  const kept = Buffer.from(words.toSpliced(at, 2).join('\0'));
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + kept.length);
  message.copy(head, 4, 4, 8);
  return Buffer.concat([head, kept]);
}

/** Leaves the options out of what the client says first. */
async function poolerBefore(url: string): Promise<string> {
  const target = new URL(url);
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    client.once('data', (first: Buffer) => {
      upstream.write(withoutOptions(first));
      client.pipe(upstream);
    });
    upstream.pipe(client);
    client.on('error', () => {}).on('close', () => upstream.destroy());
    upstream.on('error', () => {}).on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return Object.assign(new URL(url), { port: String((server.address() as AddressInfo).port) }).href;
}

test('through a pooler that drops the options, reads stay read-only and nothing is written', async () => {
  const { database, pool, peer } = await placeForTest();
  await makeDead(pool, 2, { queue: 'email' });
  // a server may have by itself what we ask for
  await pool.query(`ALTER DATABASE "${new URL(database.url).pathname.slice(1)}" SET jit = off`);
  const adapter = await peer({ url: await poolerBefore(database.url) });

  expect(await adapter.count({ queues: ['email'], states: ['dead'] })).toMatchObject({ value: 2 });
  for (const capability of Object.values(adapter.can)) {
    expect(capability).toMatchObject({ level: 'none', refused: true, why: expect.stringContaining('pooler') });
  }
});

test('without a pooler the same server can be written to', async () => {
  const { adapter } = await placeForTest();
  expect([adapter.can.replay.level, adapter.can.lock.level]).not.toContain('none');
});
