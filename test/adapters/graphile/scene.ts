import { onTestFinished } from 'vitest';
import { openPostgres } from '../../../src/adapters/postgres/index.ts';
import type { QueueAdapter } from '../../../src/domain/adapter.ts';
import { act, inState, replay } from '../../../src/testkit/act.ts';
import { opsOf } from '../../../src/testkit/topic.ts';
import { createGraphile, type GraphileDatabase, type GraphileVersion } from '../../setup/graphile.ts';

export interface Scene {
  readonly database: GraphileDatabase;
  readonly adapter: QueueAdapter;
  /** Dead jobs of this task wait again. */
  replayAll(task: string): ReturnType<typeof act>;
  /** Every value of the first row. */
  row(sql: string, values?: readonly unknown[]): Promise<unknown[]>;
}

/** A database of this version with an adapter on it; both go when the test is over. */
export async function scene(version: GraphileVersion): Promise<Scene> {
  const database = await createGraphile(version);
  onTestFinished(() => database.drop());
  const adapter = await openAs(database);
  return {
    database,
    adapter,
    replayAll: (task) => act(opsOf({ adapter }, 'replay'), inState(task, 'dead'), replay),
    async row(sql, values = []) {
      const { rows } = await database.pool.query<unknown[]>({ text: sql, values: [...values], rowMode: 'array' });
      return rows[0] ?? [];
    },
  };
}

/** An adapter on the same database, as another role where one is named. */
export async function openAs(database: GraphileDatabase, role?: string): Promise<QueueAdapter> {
  const url = new URL(database.url);
  if (role !== undefined) url.username = role;
  const adapter = await openPostgres({ url: url.href, where: 'postgres://test' });
  onTestFinished(() => adapter.close());
  return adapter;
}

const DEADLINE_MS = 20_000;

/** A list that fills while workers run, and can be waited for. */
export class Seen {
  readonly ids: string[] = [];
  #changed: () => void = () => {};

  add(id: string): void {
    this.ids.push(id);
    this.#changed();
  }

  async reaches(count: number): Promise<void> {
    const late = AbortSignal.timeout(DEADLINE_MS);
    while (this.ids.length < count) {
      await new Promise<void>((resolve, reject) => {
        this.#changed = resolve;
        late.onabort = () => reject(new Error(`only ${this.ids.length} of ${count} came: ${this.ids.join(', ')}`));
        if (late.aborted) reject(new Error(`only ${this.ids.length} of ${count} came`));
      });
    }
  }
}
