import { STEP_BYTES } from './bounds.ts';
import type { Connection } from './connection.ts';
import type { QueueKeys } from './keys.ts';
import { stateKeys } from './own-keys.ts';
import { PackedTexts } from './packed-texts.ts';
import { run, scripts } from './script.ts';
import { stateSets } from './sets.ts';
import { type Candidate, type ExtraList, type Extras, extraLists, noExtras } from './snapshot.ts';

/** The last of a page, where the next one begins. */
export interface Edge {
  readonly score: string;
  readonly id: string;
}

export interface Page {
  /** Of a list: how many stood before this page, as seen from its right end. */
  readonly before: number;
  readonly count: number;
  readonly last: Edge;
  /** Unpacked when they are asked for, so that Redis can work on the next page meanwhile. */
  jobs(): readonly Candidate[];
}

export type Where =
  | { readonly kind: 'list'; readonly state: number; readonly seen: number; readonly last: readonly string[] }
  | { readonly kind: 'zset'; readonly state: number; readonly after?: Edge | undefined; readonly highest: number }
  | { readonly kind: 'ids'; readonly ids: readonly string[] };

/** Jobs with all there is of them, each as it was in one instant. Fewer than asked for where they are large. */
export async function readPage(connection: Connection, keys: QueueKeys, where: Where, limit: number): Promise<Page> {
  const state = where.kind === 'ids' ? '0' : String(where.state);
  const given = [keys.base, where.kind, state, String(limit), String(STEP_BYTES), ...whereText(where)];
  const [before, count, score, id, packed] = (await run(connection, scripts.page, stateKeys(keys), given)) as [
    Buffer,
    number,
    Buffer,
    Buffer,
    Buffer,
  ];
  return {
    before: Number(String(before)),
    count,
    last: { score: String(score), id: String(id) },
    jobs() {
      const texts = new PackedTexts(packed);
      return Array.from({ length: count }, () => candidate(keys.queue, texts));
    },
  };
}

function whereText(where: Where): string[] {
  switch (where.kind) {
    case 'list':
      return [String(where.seen), ...where.last];
    case 'zset': {
      const highest = Number.isFinite(where.highest) ? String(where.highest) : 'inf';
      return where.after === undefined ? ['', '', highest] : [where.after.score, where.after.id, highest];
    }
    case 'ids':
      return [...where.ids];
  }
}

/** All of these ids that a hash is there for, by id. */
export async function readIds(
  connection: Connection,
  keys: QueueKeys,
  ids: readonly string[],
): Promise<Map<string, Candidate>> {
  const found = new Map<string, Candidate>();
  for (let at = 0; at < ids.length; ) {
    const page = await readPage(connection, keys, { kind: 'ids', ids: ids.slice(at, at + 100) }, 100);
    for (const job of page.jobs()) if (job.found.fields.size > 0) found.set(job.found.id, job);
    at += Math.max(1, page.count);
  }
  return found;
}

function candidate(queue: string, texts: PackedTexts): Candidate {
  const id = texts.text();
  const state = Number(texts.text());
  const score = texts.text();
  const locked = texts.text() === '1';
  const fields = texts.fields();
  const native = stateSets[state - 1]?.native;
  const extras = extrasOf(texts);
  return {
    found: {
      queue,
      id,
      native,
      ...(score !== '' && { score: Number(score) }),
      fields,
      ...(native === 'active' && { locked }),
    },
    state,
    score,
    extras,
  };
}

function extrasOf(texts: PackedTexts): Extras {
  const count = Number(texts.text());
  if (count === 0) return noExtras;
  const told = new Map<string, Buffer[]>();
  for (let part = 0; part < count; part += 1) {
    const name = texts.text();
    told.set(
      name,
      Array.from({ length: Number(texts.text()) }, () => texts.bytes()),
    );
  }
  const text = (name: string): string | undefined => told.get(name)?.[0]?.toString('utf8');
  const lists: Partial<Record<ExtraList, readonly Buffer[]>> = {};
  for (const name of extraLists) {
    const items = told.get(name);
    if (items !== undefined) lists[name] = items;
  }
  const window = text('window');
  return {
    lists,
    owner: text('owner'),
    window: window === undefined ? undefined : Number(window),
    failedFor: text('failedFor'),
    ignoredBy: text('ignoredBy'),
  };
}
