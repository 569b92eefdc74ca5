import { appendFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AuditEntry, appendAudit, auditPath, readAudit } from '../../src/safety/audit.ts';
import { operator } from '../../src/safety/operator.ts';
import { stateDirectory } from '../../src/safety/state-directory.ts';
import { collect, temporaryFolder } from './saved-jobs.ts';

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  time: '2026-11-24T03:41:09.123456Z',
  user: 'ada',
  host: 'web-1',
  context: 'prod',
  queues: ['email'],
  verb: 'replay',
  command: ['replay', 'email', '--yes'],
  outcome: 'done',
  exitCode: 0,
  ...more,
});

it('keeps entries for their owner only, in order, none lost when many write at once', async () => {
  const state = join(await temporaryFolder(), 'state');
  await appendAudit(state, entry({ run: 'first' }));
  await Promise.all(Array.from({ length: 20 }, (_, i) => appendAudit(state, entry({ exitCode: i }))));
  const all = await collect(readAudit(state));
  expect(all).toHaveLength(21);
  expect(all[0]).toEqual(entry({ run: 'first' }));
  expect((await stat(auditPath(state))).mode & 0o777).toBe(0o600);
  expect((await stat(state)).mode & 0o777).toBe(0o700);
});

it('never holds a secret of the command line', async () => {
  const state = await temporaryFolder();
  await appendAudit(
    state,
    entry({
      command: ['stats', '--url', 'postgres://app:hunter2@db/x', '--token', 'hunter2'],
      reason: 'password=hunter2',
    }),
  );
  const [kept] = await collect(readAudit(state));
  expect(JSON.stringify(kept)).not.toContain('hunter2');
  expect(kept?.command).toEqual(['stats', '--url', 'postgres://app:***@db/x', '--token', '***']);
});

it('goes on after a line that was cut short, and tells which one that is', async () => {
  const state = await temporaryFolder();
  await appendAudit(state, entry());
  await appendFile(auditPath(state), '{"time":"2026');
  await appendAudit(state, entry({ exitCode: 3 }));
  const bad: number[] = [];
  expect((await collect(readAudit(state, (line) => bad.push(line)))).map(({ exitCode }) => exitCode)).toEqual([0, 3]);
  expect(bad).toEqual([2]);
});

it('is empty before the first entry', async () => {
  expect(await collect(readAudit('/nowhere'))).toEqual([]);
});

it('knows who acts behind sudo', () => {
  expect(operator({ SUDO_USER: 'ada-lovelace' }).user).toMatch(/ \(sudo by ada-lovelace\)$/);
  expect(operator({}).user).not.toContain('sudo');
});

it('finds the state directory', () => {
  expect(stateDirectory({ JOBCTL_STATE_DIR: '/a', XDG_STATE_HOME: '/b', HOME: '/c' })).toBe('/a');
  expect(stateDirectory({ JOBCTL_STATE_DIR: '', XDG_STATE_HOME: '/b', HOME: '/c' })).toBe('/b/jobctl');
  expect(stateDirectory({ XDG_STATE_HOME: 'relative', HOME: '/c' })).toBe('/c/.local/state/jobctl');
});
