import type { Client, ClientConfig } from 'pg';
import { JobctlError } from '../../domain/errors.ts';
import { toJobctlError } from './errors.ts';

export type Row = Record<string, unknown>;

/** One statement, one answer. Every call is bounded by the session's timeouts. */
export interface Db {
  query<R = Row>(sql: string, params?: readonly unknown[]): Promise<R[]>;
}

export interface ConnectionOptions {
  readonly url: string;
  /** The URL without its secrets, for messages. */
  readonly where: string;
  /** Bound of one statement, milliseconds. */
  readonly timeoutMs: number;
  readonly applicationName: string;
}

const CONNECT_TIMEOUT_MS = 8_000;
/** The server cuts a statement off first; the client's own bound is for a server that no longer answers at all. */
const CLIENT_GRACE_MS = 5_000;

/**
 * The sessions of one adapter: one for reading, which the server itself keeps from writing, and one for writing, which
 * also holds the lock. A lost writer has therefore lost its lock, and cannot write: that is the fence.
 */
export class Connections {
  readonly #options: ConnectionOptions;
  #reader: Promise<Client> | undefined;
  #writer: Promise<Client> | undefined;
  /** A pooler that refuses start-up options: every read is then wrapped in a read-only transaction. */
  #pooled = false;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Reads one statement at a time, in a session that cannot write. */
  readonly reader: Db = {
    query: async <R>(sql: string, params: readonly unknown[] = []): Promise<R[]> => {
      this.#reader ??= this.#open(true);
      const client = await this.#ready(this.#reader, () => (this.#reader = undefined));
      return this.#pooled ? this.#readOnly<R>(client, sql, params) : this.#run<R>(client, sql, params);
    },
  };

  /** The writing session. `lost` fires once when the server or the network ends it. */
  async writer(): Promise<Db & { readonly lost: Promise<void> }> {
    this.#writer ??= this.#open(false);
    const client = await this.#ready(this.#writer, () => (this.#writer = undefined));
    return {
      query: (sql, params) => this.#run(client, sql, params),
      lost: new Promise((resolve) => client.once('end', resolve)),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const clients = [this.#reader, this.#writer];
    this.#reader = this.#writer = undefined;
    await Promise.allSettled(clients.map(async (client) => (await client)?.end()));
  }

  async #ready(client: Promise<Client>, forget: () => void): Promise<Client> {
    if (this.#closed) throw new JobctlError('unreachable', `the connection to ${this.#options.where} is closed`);
    try {
      return await client;
    } catch (error) {
      forget();
      throw toJobctlError(error, this.#options.where);
    }
  }

  async #open(readOnly: boolean): Promise<Client> {
    const { Client } = (await import('pg')).default;
    const connect = async (config: ClientConfig): Promise<Client> => {
      const client = new Client(config);
      client.on('error', () => {}); // a later query reports it; without a listener the process would die
      await client.connect();
      return client;
    };
    const { url, timeoutMs, applicationName } = this.#options;
    const base = {
      application_name: applicationName,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: timeoutMs + CLIENT_GRACE_MS,
      keepAlive: true,
    };
    try {
      const flags = readOnly ? `-c default_transaction_read_only=on -c statement_timeout=${timeoutMs}` : `-c statement_timeout=${timeoutMs}`;
      return await connect({ ...base, connectionString: withOptions(url, flags) });
    } catch (error) {
      if (!/unsupported startup parameter/i.test(error instanceof Error ? error.message : '')) throw error;
      this.#pooled = true;
      return await connect({ ...base, connectionString: url });
    }
  }

  async #readOnly<R>(client: Client, sql: string, params: readonly unknown[]): Promise<R[]> {
    await this.#run(client, `BEGIN READ ONLY; SET LOCAL statement_timeout = ${this.#options.timeoutMs}`);
    try {
      return await this.#run<R>(client, sql, params);
    } finally {
      await client.query('ROLLBACK').catch(() => {});
    }
  }

  async #run<R>(client: Client, sql: string, params?: readonly unknown[]): Promise<R[]> {
    try {
      const result = await client.query(sql, params as unknown[] | undefined);
      return (Array.isArray(result) ? [] : result.rows) as R[];
    } catch (error) {
      throw this.#closed ? new JobctlError('unreachable', `the connection to ${this.#options.where} is closed`) : error;
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
