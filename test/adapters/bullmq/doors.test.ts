import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openConnection } from '../../../src/adapters/bullmq/connection.ts';
import { openBullmq } from '../../../src/adapters/bullmq/index.ts';
import { freePort } from '../../../src/demo/free-port.ts';
import { findRedis, type RedisServer, startRedis } from '../../../src/demo/redis-server.ts';
import { act, inState, replay } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { until } from '../../setup/bullmq.ts';
import { seedJobs } from '../../setup/bullmq-seed.ts';

const where = 'redis://test';
const open = (url: string, timeoutMs = 4000) => openConnection({ url, where, timeoutMs });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jobctl-doors-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('TLS with a certificate that no authority has signed', () => {
  let port: number;
  let stop: () => Promise<unknown>;
  const file = (name: string): string => encodeURIComponent(join(folder, name));

  beforeAll(async () => {
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const written = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
    await promisify(execFile)('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      ...subject,
      ...written,
    ]);
    port = await freePort();
    const settings = {
      'tls-port': String(port),
      'tls-cert-file': join(folder, 'cert.pem'),
      'tls-key-file': join(folder, 'key.pem'),
      'tls-ca-cert-file': join(folder, 'cert.pem'),
      'tls-auth-clients': 'no',
    };
    // a server that was built without TLS gets a front that speaks it
    const own = await startRedis({ settings }).catch(() => undefined);
    const front = own === undefined ? await startFront(port) : undefined;
    stop = () => own?.stop() ?? once(front?.close() as Server, 'close');
  });
  afterAll(() => stop());

  async function startFront(at: number): Promise<Server> {
    const pem = { cert: await readFile(join(folder, 'cert.pem')), key: await readFile(join(folder, 'key.pem')) };
    const front = createServer(pem, (socket) => {
      const backend = connect(Number(new URL(inject('redisUrl')).port), '127.0.0.1');
      for (const one of [socket, backend]) one.on('error', () => {});
      socket.pipe(backend).pipe(socket);
    });
    await new Promise<void>((ready) => front.listen(at, '127.0.0.1', ready));
    return front;
  }

  it.each([
    ['its authority is named', () => `rediss://127.0.0.1:${port}/?servername=localhost&ca=${file('cert.pem')}`],
    ['nothing is checked', () => `rediss://127.0.0.1:${port}/?insecure=true`],
  ])('is taken where %s', async (_, url) => {
    const connection = await open(url());
    expect(String((await connection.many([['PING']]))[0])).toBe('PONG');
    await connection.close();
  });

  it.each([
    ['nobody is named', () => `rediss://127.0.0.1:${port}`, 'UNREACHABLE', /certificate .* was not accepted/],
    [
      'its host is another',
      () => `rediss://127.0.0.1:${port}/?servername=elsewhere&ca=${file('cert.pem')}`,
      'UNREACHABLE',
      /certificate .* was not accepted/,
    ],
    [
      'the file of the authority is missing',
      () => `rediss://127.0.0.1:${port}/?ca=${file('none.pem')}`,
      'USAGE',
      /none\.pem/,
    ],
    ['the server speaks no TLS', () => inject('redisUrl').replace('redis:', 'rediss:'), 'UNREACHABLE|TIMEOUT', /TLS/],
    ['the URL says nothing of TLS', () => `redis://127.0.0.1:${port}`, 'UNREACHABLE', /speaks TLS|lost the connection/],
  ])('is refused where %s, with a way on', async (_, url, code, words) => {
    const refused = await open(url(), 1000).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({
      code: expect.stringMatching(new RegExp(`^JOBCTL_(${code})$`)),
      message: expect.stringMatching(words),
    });
    expect((refused as { next: string[] }).next.length).toBeGreaterThan(0);
  });
});

describe('Sentinel', () => {
  let primary: RedisServer;
  let replica: RedisServer;
  let sentinel: { readonly port: number; stop(): Promise<unknown> };
  const url = (more = ''): string => `redis://127.0.0.1:${sentinel.port}/?sentinel=main${more}`;

  beforeAll(async () => {
    primary = await startRedis();
    replica = await startRedis({ settings: { replicaof: `127.0.0.1 ${primary.port}` } });
    sentinel = await startSentinel(primary.port);
  });
  afterAll(async () => {
    await sentinel.stop();
    await replica.stop();
  });

  async function startSentinel(master: number) {
    const port = await freePort();
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor main 127.0.0.1 ${master} 1`,
      'sentinel failover-timeout main 2000',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const program = spawn((await findRedis()) ?? '', [file, '--sentinel'], { stdio: 'ignore' });
    const client = new Redis(`redis://127.0.0.1:${port}`, { enableReadyCheck: false, retryStrategy: () => 20 });
    client.on('error', () => {});
    await until('Sentinel knows the replica', async () => {
      const found = (await client.call('SENTINEL', 'REPLICAS', 'main').catch(() => [])) as string[][];
      return found.some((fields) => fields[fields.indexOf('flags') + 1] === 'slave' && fields.includes('ok'));
    });
    client.disconnect();
    return {
      port,
      async stop() {
        program.kill('SIGTERM');
        if (program.exitCode === null && program.signalCode === null) await once(program, 'exit');
      },
    };
  }

  it('names the primary, or a replica to read from', async () => {
    const reader = await openBullmq({ url: url('&role=replica'), where });
    expect(reader.backend.readOnlyServer).toBe(true);
    await reader.close();
    await expect(open(url().replace('main', 'other'))).rejects.toMatchObject({
      code: 'JOBCTL_UNREACHABLE',
      message: expect.stringMatching(/no Sentinel .* names a server/),
    });
  });

  it('is asked again when the primary has changed: the run of before goes on at the new one', async () => {
    const before = new Redis(primary.url);
    before.on('error', () => {});
    const after = new Redis(replica.url);
    await seedJobs({ redis: before, prefix: 'bull' }, '6', 'mail', [{ state: 'dead' }]);
    const adapter = await openBullmq({ url: url(), where, timeoutMs: 4000 });
    expect((await adapter.count(inState('mail', 'dead'))).value).toBe(1);
    await until('the replica has all', async () => (await after.zcard('bull:mail:failed')) === 1);
    const asked = new Redis(`redis://127.0.0.1:${sentinel.port}`, { enableReadyCheck: false });
    await asked.call('SENTINEL', 'FAILOVER', 'main');
    await until('the replica is the primary', async () => /role:master/.test(await after.info('replication')));
    await primary.stop();
    const ops = opsOf({ adapter }, 'replay');
    await until('it is written to', () =>
      act(ops, inState('mail', 'dead'), replay).then(
        ({ outcomes }) => outcomes.some(({ result }) => result === 'done'),
        () => false,
      ),
    );
    expect(await after.llen('bull:mail:wait')).toBe(1);
    await adapter.close();
    for (const client of [before, after, asked]) client.disconnect();
  });
});
