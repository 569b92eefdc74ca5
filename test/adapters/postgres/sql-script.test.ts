import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { breaksTransaction, statementsOf } from '../../../src/adapters/postgres/sql-script.ts';

const textsOf = (script: string): string[] => statementsOf(script).map(({ text }) => text);

it.each([
  ['plain statements, the last without its semicolon', 'SELECT 1;\nSELECT 2', ['SELECT 1', 'SELECT 2']],
  ['nothing but comments', '-- one;\n/* two; */ ;;\n', []],
  [
    'a semicolon in a text',
    `SELECT 'a;b', E'it\\'s;', 'it''s;'; SELECT 2`,
    [`SELECT 'a;b', E'it\\'s;', 'it''s;'`, 'SELECT 2'],
  ],
  ['a semicolon in a name', 'SELECT 1 AS "a;""b"; SELECT 2', ['SELECT 1 AS "a;""b"', 'SELECT 2']],
  ['a body in dollar quotes', `DO $x$ BEGIN $$;$$; END $x$; SELECT 2`, [`DO $x$ BEGIN $$;$$; END $x$`, 'SELECT 2']],
  [
    'quotes and marks in comments',
    `/* don't; /* nested; */ */ SELECT 1; -- it's;\nSELECT 'x'`,
    [`/* don't; /* nested; */ */ SELECT 1`, `-- it's;\nSELECT 'x'`],
  ],
  [
    'a body without quotes',
    'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3',
    ['CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END', 'SELECT 3'],
  ],
  ['a dollar inside a name', 'SELECT a$b$c FROM t; SELECT 2', ['SELECT a$b$c FROM t', 'SELECT 2']],
  ['a quote that is never closed', `SELECT 'a; SELECT 2`, [`SELECT 'a`, 'SELECT 2']],
])('%s', (_name, script, expected) => {
  expect(textsOf(script)).toEqual(expected);
});

it('knows the line on which each begins', () => {
  expect(statementsOf('\n-- head\nSELECT 1;\n\n\n  SELECT\n2;').map(({ line }) => line)).toEqual([2, 6]);
});

it('parts the schemas of the library as the server does', async () => {
  for (const path of ['../../../assets/demo/procrastinate.sql', '../../schemas/procrastinate-1.1.sql']) {
    const script = await readFile(new URL(path, import.meta.url), 'utf8');
    const starts = script.match(/^(CREATE|ALTER) /gm)?.length;
    expect(statementsOf(script)).toHaveLength(starts ?? 0);
  }
});

it('finds what cannot be part of one transaction, whatever stands before it', () => {
  const breaking = [
    'BEGIN',
    '/* c */ -- d\n commit',
    'START  TRANSACTION',
    'create unique index concurrently a on b (c)',
    'VACUUM',
    'CREATE DATABASE x',
  ];
  const fine = [
    'CREATE INDEX a ON b (c)',
    'CREATE TABLE begin_at (x int)',
    "SELECT 'COMMIT'",
    'DO $$ BEGIN END $$',
    'endless',
  ];
  expect(breaking.map((text) => breaksTransaction({ text, line: 1 }))).toEqual(breaking.map(() => true));
  expect(fine.map((text) => breaksTransaction({ text, line: 1 }))).toEqual(fine.map(() => false));
});
