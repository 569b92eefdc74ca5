import { readFileSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { expectFits, steady } from '../e2e/answer.ts';
import { type Ended, type Home, makeHome } from '../e2e/jobctl.ts';
import { missingLines, readRunbook, wordsOf } from './runbook.ts';

export type Rows = Record<string, string>;
export type Queryable = Pick<pg.Pool, 'query'>;

/** The state that a page speaks of; the ids stand in the document. */
export interface Place {
  readonly env: Readonly<Record<string, string>>;
  /** Before each command: a slow machine must not make what lives look crashed. */
  beat(): Promise<unknown>;
  /** Every row that a command of the page may change, by id. */
  rows(): Promise<Rows>;
  /** Makes it what it was at first; where it cannot, each section opens one of its own. */
  renew?(): Promise<unknown>;
  drop(): Promise<void>;
}

/** One in Postgres, where the old statements can be tried out. */
export interface Scene extends Omit<Place, 'rows'> {
  readonly pool: pg.Pool;
  rows(db: Queryable): Promise<Rows>;
}

export interface Write {
  /** The old statements, which name the rows they would change; `back` is a way back that the old runbook did not have. */
  readonly old: string | readonly string[] | ((now: Rows) => Rows);
  readonly gone?: true;
  /** Rows that the old statements would have hit and that must be left alone. */
  readonly spares?: readonly string[];
}

export interface Tale<S extends Scene | Place> {
  /** Below docs/runbooks. */
  readonly page: string;
  /** Each line of the old runbook that the page maps. */
  readonly oldLines: readonly string[];
  /** By the command without its answer. What is not listed here must not change a row. */
  readonly writes: Readonly<Record<string, Write>>;
  /** Commands that answer otherwise here, and why; they are shown as skipped with that. */
  readonly otherwise?: Readonly<Record<string, string>>;
  /** Sections that are of another backend than this one. */
  readonly elsewhere?: readonly string[];
  /** Files that the commands read, besides those in the document. */
  readonly files?: Readonly<Record<string, string>>;
  /** Programs that the commands of the configuration call, as shell scripts. */
  readonly programs?: Readonly<Record<string, string>>;
  open(): Promise<S>;
  /** What becomes of a row where the program does more than the old statement, or a worker goes on from there. */
  becomes(after: string, before: string): string;
  /** What the reads must tell, by command. */
  readonly checks: Readonly<Record<string, (ended: Ended, scene: S, home: Home) => void | Promise<void>>>;
}

/** The write that a command is, if it is one: its answer and its reason are no part of what it does. */
function writeOf(command: string, writes: Tale<Place>['writes']): Write | undefined {
  if (command.includes('--dry-run')) return undefined;
  return writes[command.replace(/^jobctl | (--yes|--confirm \S+|--reason '[^']*')/g, '')];
}

/** Plays every command of the page, section by section, each on a scene of its own, and compares the rows afterwards. */
export function playRunbook<S extends Scene | Place>(tale: Tale<S>): void {
  const markdown = readFileSync(new URL(`../../docs/runbooks/${tale.page}.md`, import.meta.url), 'utf8');
  const runbook = readRunbook(markdown);
  const steps = runbook.sections.flatMap((section) => section.steps);

  describe('the document', () => {
    it('maps every line of the old runbook, each to commands that it plays', () => {
      expect(runbook.mapping.map(({ old }) => old).toSorted()).toEqual([...tale.oldLines].toSorted());
      const commands = steps.map(({ command }) => command);
      for (const { old, commands: mapped } of runbook.mapping) {
        expect(mapped.length, old).toBeGreaterThan(0);
        for (const one of mapped)
          expect(
            commands.some((command) => command.startsWith(one)),
            one,
          ).toBe(true);
      }
    });

    it('holds its commands in console blocks, and nothing but jobctl there', () => {
      for (const { command } of steps) expect(command).toMatch(/^jobctl /);
      expect(steps).toHaveLength(markdown.split('\n').filter((line) => line.startsWith('$ ')).length);
      const fences = markdown.match(/^```.*$/gm) ?? [];
      expect(fences.filter((fence) => !['```', '```console', '```yaml jobctl.yaml'].includes(fence))).toEqual([]);
    });

    it('uses every write and every check that is known here', () => {
      const used = new Set(steps.map(({ command }) => writeOf(command, tale.writes)));
      expect(
        Object.entries(tale.writes)
          .filter(([, write]) => !used.has(write))
          .map(([name]) => name),
      ).toEqual([]);
      expect(steps.map(({ command }) => command)).toEqual(expect.arrayContaining(Object.keys(tale.checks)));
    });
  });

  /** One scene for the whole page, where it can be made new. */
  let kept: S | undefined;
  afterAll(() => kept?.drop());

  const here = runbook.sections.filter(({ title }) => tale.elsewhere?.includes(title) !== true);
  describe.each(here)('$title', ({ steps: typed }) => {
    let scene: S;
    let home: Home;
    let run = '';
    /** What was there before the last write, for the commands that lead back. */
    let before: Rows = {};

    beforeAll(async () => {
      scene = kept ?? (await tale.open());
      if (scene.renew !== undefined) kept = scene;
      await scene.renew?.();
      home = await makeHome();
      for (const [name, text] of Object.entries({ ...runbook.files, ...tale.files })) await home.file(name, text);
      await mkdir(join(home.folder, 'bin'));
      for (const [name, text] of Object.entries(tale.programs ?? {}))
        await chmod(await home.file(join('bin', name), `#!/bin/sh\n${text}\n`), 0o755);
      return async () => {
        if (scene !== kept) await scene.drop();
        await home.remove();
      };
    });

    const play = async (command: string): Promise<Ended> => {
      await scene.beat();
      const [, ...args] = wordsOf(command).map((word) => (word === 'RUN' ? run : word));
      const ended = await home.warm(args, {
        env: { ...scene.env, PATH: `${join(home.folder, 'bin')}:${home.env['PATH']}` },
      });
      run = /^ {2}run +(\S+)/m.exec(ended.stdout)?.[1] ?? run;
      return ended;
    };

    it.for(typed.map((step, index) => ({ ...step, index })))('$command', async ({ command, exit, shown }, context) => {
      const why = tale.otherwise?.[command];
      if (why !== undefined) context.skip(why);
      const write = writeOf(command, tale.writes);
      const now = await rowsOf(scene);
      const expected = write?.old === 'back' ? before : await wouldBe(tale, scene, now, write);
      const ended = await play(command);
      const printed = `${ended.stderr}${ended.stdout}`;
      expect(ended.code, printed).toBe(exit);
      if (!command.includes('--json')) expectFits(ended.stdout);
      expect(missingLines(shown, printed, steady), printed).toEqual([]);
      // at once, but for what a worker goes on with
      await vi.waitFor(async () => expect(await rowsOf(scene)).toEqual(expected), {
        timeout: 10_000,
        interval: 50,
      });
      if (write !== undefined) before = now;
      await tale.checks[command]?.(ended, scene, home);
    });
  });
}

const rowsOf = (scene: Scene | Place): Promise<Rows> => ('pool' in scene ? scene.rows(scene.pool) : scene.rows());

/** Carries the old statements out, looks, and takes them back: what the command is to do, less what it must spare. */
async function wouldBe<S extends Scene | Place>(
  tale: Tale<S>,
  scene: S,
  now: Rows,
  write: Write | undefined,
): Promise<Rows> {
  if (write === undefined) return now;
  if (typeof write.old === 'function') return write.old(now);
  if (!('pool' in scene)) throw new TypeError('there are no statements to try out');
  const client = await scene.pool.connect();
  try {
    await client.query('BEGIN');
    const hit: string[] = [];
    for (const statement of [write.old].flat()) {
      const { rows } = await client.query<{ id: string }>(`${statement} RETURNING id::text`);
      hit.push(...rows.map(({ id }) => id));
    }
    expect(hit).toEqual(expect.arrayContaining([...(write.spares ?? [])]));
    const after = await scene.rows(client);
    const expected = { ...now };
    for (const id of hit.filter((one) => !write.spares?.includes(one))) {
      if (write.gone) delete expected[id];
      else expected[id] = tale.becomes(after[id] as string, now[id] as string);
    }
    return expected;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

/** Polls until it is so. */
export const eventually = (look: () => Promise<boolean>): Promise<void> =>
  vi.waitFor(async () => expect(await look()).toBe(true), { timeout: 20_000, interval: 20 });

/** A copy of these tables as they are now, and the way back to it. */
export async function keepTables(pool: pg.Pool, names: readonly string[]): Promise<() => Promise<unknown>> {
  const copies = names.map((name, index) => ({ name, copy: `kept_${index}` }));
  await pool.query(copies.map(({ name, copy }) => `CREATE TABLE ${copy} AS TABLE ${name}`).join('; '));
  const back = copies.map(({ name, copy }) => `DELETE FROM ${name}; INSERT INTO ${name} TABLE ${copy}`).join('; ');
  return () => pool.query(`BEGIN; ${back}; COMMIT`);
}
