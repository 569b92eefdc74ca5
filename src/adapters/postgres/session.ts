import type { Socket } from 'node:net';
import type { Client, ClientConfig } from 'pg';

export type Row = Record<string, unknown>;

/** One statement, one answer. Every call is bounded by the session's timeouts. */
export interface Db {
  query<R = Row>(sql: string, params?: readonly unknown[]): Promise<R[]>;
}

/** One connection. It never comes back once it is lost: a new session has none of the locks of the old one. */
export class Session implements Db {
  /** Aborted at once, before any query of this session is rejected. */
  readonly lost: AbortSignal;
  readonly #client: Client;

  private constructor(client: Client, lost: AbortSignal) {
    this.#client = client;
    this.lost = lost;
  }

  static async open(config: ClientConfig): Promise<Session> {
    const { Client } = (await import('pg')).default;
    const client = new Client(config);
    const lost = new AbortController();
    // without a listener the process would die of an error that the next query reports anyway
    for (const event of ['error', 'end'] as const) client.on(event, () => lost.abort());
    await client.connect();
    return new Session(client, lost.signal);
  }

  async query<R = Row>(sql: string, params?: readonly unknown[]): Promise<R[]> {
    try {
      const result = await this.#client.query(sql, params as unknown[] | undefined);
      return (Array.isArray(result) ? [] : result.rows) as R[];
    } catch (error) {
      // the server no longer answers: later statements would queue up behind this one
      if (error instanceof Error && error.message === 'Query read timeout') this.#cut();
      throw error;
    }
  }

  /** Resolves when the server has ended its side, and let go of every lock. */
  async end(): Promise<void> {
    if (this.lost.aborted) this.#cut();
    else await this.#client.end();
  }

  /** For a session without locks: says goodbye and waits for no answer, which takes a server several milliseconds. */
  leave(): void {
    this.end().catch(() => {});
    this.#socket.unref();
  }

  #cut(): void {
    this.#socket.destroy();
  }

  get #socket(): Socket {
    return (this.#client as unknown as { connection: { stream: Socket } }).connection.stream;
  }
}
