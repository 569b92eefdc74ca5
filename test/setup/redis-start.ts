import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { findRedis, noRedis, type RedisServer, startRedis } from '../../src/demo/redis-server.ts';

const run = promisify(execFile);

/** The server of a test run. Where the machine has no Redis, it is installed if that may be; else one line says what to do. */
export async function startTestRedis(): Promise<RedisServer> {
  if ((await findRedis()) === undefined) await installRedis();
  return await startRedis({ settings: { 'enable-debug-command': 'yes', databases: '16' } });
}

const PROGRAM = '/usr/bin/redis-check-rdb';

/** Only the program, without the service that the package redis-server starts: Debian keeps it in redis-tools, under another name. */
async function installRedis(): Promise<void> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) throw noRedis();
  const install = () =>
    run('apt-get', ['install', '-y', '--no-install-recommends', 'redis-tools'], { timeout: 180_000 });
  try {
    await install().catch(async () => {
      await run('apt-get', ['update'], { timeout: 180_000 });
      await install();
    });
    await symlink(PROGRAM, '/usr/local/bin/redis-server');
  } catch {
    // told below
  }
  if ((await findRedis()) === undefined) throw noRedis();
}
