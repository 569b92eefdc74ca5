import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type PostgresOptions,
  type PostgresServer,
  startPostgres,
  stopPostgres,
} from '../../src/demo/postgres-server.ts';

const running: PostgresServer[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
});

async function start(options: PostgresOptions = {}): Promise<PostgresServer> {
  const server = await startPostgres({ settings: { fsync: 'off' }, ...options });
  running.push(server);
  return server;
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return Object.values((await client.query(sql)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

describe('a Postgres of our own', () => {
  it('answers on this machine only, in UTC, and leaves nothing behind when it was a throwaway', async () => {
    const server = await start();
    expect(await ask(server.url, 'SHOW listen_addresses')).toBe('127.0.0.1');
    expect(await ask(server.url, 'SHOW unix_socket_directories')).toBe('');
    expect(await ask(server.url, 'SHOW timezone')).toBe('UTC');
    expect(await ask(server.url, 'SELECT datcollate FROM pg_database WHERE datname = current_database()')).toBe('C');
    expect(await ask(server.url, 'SHOW fsync')).toBe('off');
    await server.stop();
    await expect(ask(server.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await expect(stat(server.dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
    await server.stop(); // a second stop has nothing to do
  });

  it('opens a data folder again, and a detached server is stopped by pid and folder', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'jobctl-postgres-test-'));
    const first = await start({ dataDir });
    await ask(first.url, 'CREATE DATABASE kept');
    await first.stop();
    const again = await start({ dataDir, detached: true });
    expect(await ask(again.url, `SELECT count(*) FROM pg_database WHERE datname = 'kept'`)).toBe('1');
    await stopPostgres(again.pid, again.dataDir, { removeData: true });
    await expect(stat(dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('never signals a process that is not the server of that folder', async () => {
    const server = await start();
    const foreign = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    try {
      await expect(stopPostgres(foreign.pid as number, server.dataDir, { removeData: true })).rejects.toThrow(
        /left alone/,
      );
      expect(foreign.exitCode).toBeNull();
      expect(foreign.signalCode).toBeNull();
      expect(await ask(server.url, 'SELECT 1')).toBe(1);
    } finally {
      foreign.kill('SIGKILL');
      await once(foreign, 'exit');
    }
  });
});
