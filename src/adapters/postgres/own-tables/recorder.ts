import type { Statement } from '../../../domain/adapter.ts';
import type { Db, Row } from '../connection.ts';
import type { Standing } from '../dialect.ts';
import type { Home } from './homes.ts';

/** What a session that only takes notes is to have found, so that the operation goes on to its end. */
export interface Found {
  /** Where jobs are listed, and locked. Nothing is there, and nothing is changed, where it is empty. */
  readonly homes: readonly Home['name'][];
  /** How what stands there compares with what was saved. */
  readonly standing?: Standing;
  /** The job of a dead letter is there, and failed. */
  readonly original?: true;
}

export interface Operation {
  readonly operation: string;
  readonly found: Found;
  work(db: Db): Promise<unknown>;
}

/** Carries an operation out on such a session: the SQL is what would be sent. */
export async function record({ operation, found, work }: Operation, id: string): Promise<Statement[]> {
  const told: Statement[] = [];
  await work({
    query: async <R = Row>(sql: string) => {
      const text = sql.replace(/\s+/g, ' ').trim();
      told.push({ operation, sql: text });
      return answerTo(text, found, id) as R[];
    },
  });
  return told;
}

/** By what is asked for: a place, the job at it, a row to lock or to change, a comparison. */
function answerTo(sql: string, { homes, standing, original }: Found, id: string): readonly object[] {
  if (/ AS standing /.test(sql)) return standing === undefined ? [] : [{ id, standing }];
  if (/ AS dead /.test(sql)) return original === undefined ? [] : [{ id, status: '', dead: true }];
  if (/ AS bytes /.test(sql)) return homes.map((home) => ({ id, home, at: null, bytes: 0 }));
  if (homes.length === 0) return [];
  if (/ AS max_attempts,/.test(sql)) return [{ ...job, id }];
  return /\b(?:RETURNING|FOR UPDATE)\b/.test(sql) ? [{ id, ours: true, state: '' }] : [];
}

const job = { queue: 'QUEUE', type: 'TYPE', state: 'dead', native: '', attempts: 0, payload: '{}', message: null };
