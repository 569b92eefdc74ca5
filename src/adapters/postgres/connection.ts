import { JobctlError } from '../../domain/errors.ts';
import { toJobctlError } from './errors.ts';
import { type Db, type Row, Session } from './session.ts';

export type { Db, Row } from './session.ts';

export interface ConnectionOptions {
  readonly url: string;
  /** The URL without its secrets, for messages. */
  readonly where: string;
  /** Bound of one statement, milliseconds. */
  readonly timeoutMs: number;
  readonly applicationName: string;
}

export interface Writer extends Db {
  readonly lost: AbortSignal;
  readonly timeoutMs: number;
}

const CONNECT_TIMEOUT_MS = 8_000;
/** A wait for a lock ends a little before the statement would, so that the server can say what it was. */
const LOCK_PART = 0.8;
/** The server cuts a statement off first; the client's own bound is for a server that no longer answers at all. */
const CLIENT_GRACE_MS = 5_000;
/** A setting of our own: nobody else's default can be taken for it, so it tells whether the start-up options arrived. */
const HEEDED = 'jobctl.options';
const REPLICA = 'pg_is_in_recovery() AS replica';
/** PgBouncer's words, and RDS Proxy's. */
const REFUSES_OPTIONS = /unsupported startup parameter|command-line options/i;

/**
 * The sessions of one adapter: one for reading, which the server itself keeps from writing, and one for writing, which
 * also holds the locks. A writer that is lost takes its locks with it, so nothing is written until they are released
 * here as well: that is the fence.
 */
export class Connections {
  readonly #options: ConnectionOptions;
  #reader: Promise<Session> | undefined;
  #writer: Promise<Session> | undefined;
  #closed = false;
  #turn: Promise<unknown> = Promise.resolve();
  /**
   * A pooler lies between that refuses or ignores start-up options. Every read is then wrapped in a read-only transaction.
   * Nothing is written: each transaction may run in another session of the server, and so without the lock.
   */
  pooled = false;
  /** Known once a session is open: a read-only replica. */
  replica = false;
  /** Who holds which advisory lock in this process: the server would let the same session in twice. */
  readonly held = new Map<string, string>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Reads one statement at a time, in a session that cannot write. Opened again when it was lost. */
  readonly reader: Db = {
    query: async <R = Row>(sql: string, params: readonly unknown[] = []): Promise<R[]> => {
      this.#refuseWhenClosed();
      this.#reader ??= this.#open(true, () => (this.#reader = undefined));
      const session = await this.#reader;
      return await this.#inTurn(() =>
        this.pooled ? this.#readOnly<R>(session, sql, params) : this.#run<R>(session, sql, params),
      );
    },
  };

  async writer(): Promise<Writer> {
    this.#refuseWhenClosed();
    this.#writer ??= this.#open(false, () => (this.#writer = undefined));
    const session = await this.#writer;
    if (session.lost.aborted) {
      if (this.held.size > 0) throw this.lostLock();
      this.#writer = undefined;
      return await this.writer();
    }
    return {
      query: (sql, params) => this.#run(session, sql, params),
      lost: session.lost,
      timeoutMs: this.#options.timeoutMs,
    };
  }

  lostLock(): JobctlError {
    return new JobctlError('locked', `The connection to ${this.#options.where} was lost, and the lock with it.`, {
      next: ['Nothing is written without the lock. Run it again, or resume the run.'],
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const [reader, writer] = [this.#reader, this.#writer];
    this.#reader = this.#writer = undefined;
    await Promise.allSettled([reader?.then((session) => session.leave()), writer?.then((session) => session.end())]);
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw this.#closedError();
  }

  #closedError(): JobctlError {
    return new JobctlError('unreachable', `The connection to ${this.#options.where} is closed.`);
  }

  async #open(readOnly: boolean, forget: () => void): Promise<Session> {
    try {
      const session = await this.#connect(readOnly);
      if (this.#closed) {
        await session.end();
        throw this.#closedError();
      }
      if (readOnly) session.lost.addEventListener('abort', forget);
      return session;
    } catch (error) {
      forget();
      throw toJobctlError(error, this.#options.where);
    }
  }

  async #connect(readOnly: boolean): Promise<Session> {
    const { url, timeoutMs, applicationName } = this.#options;
    const base = {
      application_name: applicationName,
      connectionTimeoutMillis: Math.min(CONNECT_TIMEOUT_MS, timeoutMs),
      query_timeout: timeoutMs + CLIENT_GRACE_MS,
      keepAlive: true,
    };
    // compiling a statement to machine code takes longer than running any of ours
    const flags = `-c statement_timeout=${timeoutMs} -c lock_timeout=${Math.ceil(timeoutMs * LOCK_PART)} -c jit=off -c ${HEEDED}=yes${readOnly ? ' -c default_transaction_read_only=on' : ''}`;
    try {
      const session = await Session.open({ ...base, connectionString: withOptions(url, flags) });
      const [server] = await session.query<{ heeded: boolean; replica: boolean }>(
        `SELECT current_setting('${HEEDED}', true) IS NOT DISTINCT FROM 'yes' AS heeded, ${REPLICA}`,
      );
      if (!server?.heeded) this.pooled = true;
      this.replica = server?.replica ?? false;
      return session;
    } catch (error) {
      if (!REFUSES_OPTIONS.test(error instanceof Error ? error.message : '')) throw error;
      this.pooled = true;
      const session = await Session.open({ ...base, connectionString: url });
      this.replica = (await session.query<{ replica: boolean }>(`SELECT ${REPLICA}`))[0]?.replica ?? false;
      return session;
    }
  }

  /** One at a time: another's ROLLBACK must not end our transaction between its beginning and our statement. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => {});
    return await mine;
  }

  async #readOnly<R>(session: Session, sql: string, params: readonly unknown[]): Promise<R[]> {
    await this.#run(session, `BEGIN READ ONLY; SET LOCAL statement_timeout = ${this.#options.timeoutMs}`);
    try {
      return await this.#run<R>(session, sql, params);
    } finally {
      await session.query('ROLLBACK').catch(() => {}); // a lost session has no transaction left
    }
  }

  async #run<R>(session: Session, sql: string, params?: readonly unknown[]): Promise<R[]> {
    try {
      return await session.query<R>(sql, params);
    } catch (error) {
      throw this.#closed ? this.#closedError() : error;
    }
  }
}

/** The URL with further server options, next to any that it already has. */
function withOptions(url: string, flags: string): string {
  const parsed = new URL(url);
  const own = parsed.searchParams.get('options');
  parsed.searchParams.set('options', own === null ? flags : `${own} ${flags}`);
  return parsed.href;
}
