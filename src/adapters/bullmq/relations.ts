import type { JobDetail } from '../../domain/job.ts';
import type { Connection } from './connection.ts';
import { type Found, fieldsOf, textOf } from './job.ts';
import type { QueueKeys } from './keys.ts';
import { scored } from './walk.ts';

/** Children of each kind that are named; the rest is counted. */
const NAMED = 20;

/** The parent and the children of a flow. Jobs of other queues are named by queue and id. */
export async function relationsOf(
  connection: Connection,
  prefix: string,
  keys: QueueKeys,
  { id, fields }: Found,
): Promise<Pick<JobDetail, 'links' | 'notes'>> {
  const parent = textOf(fields, 'parentKey');
  const [open, openSome, done, doneSome, ignored, ignoredSome, failed, failedSome] = await connection.many([
    ['SCARD', keys.dependencies(id)],
    ['SSCAN', keys.dependencies(id), 0, 'COUNT', NAMED],
    ['HLEN', keys.processed(id)],
    ['HSCAN', keys.processed(id), 0, 'COUNT', NAMED],
    ['HLEN', keys.failedChildren(id)],
    ['HSCAN', keys.failedChildren(id), 0, 'COUNT', NAMED],
    ['ZCARD', keys.unsuccessful(id)],
    ['ZRANGE', keys.unsuccessful(id), 0, NAMED - 1, 'WITHSCORES'],
  ]);
  const name = (key: string): string => nameOf(key, prefix);
  const links: { relation: string; to: string }[] = [];
  const told = (relation: string, size: unknown, some: readonly string[]): void => {
    links.push(...some.slice(0, NAMED).map((key) => ({ relation, to: name(key) })));
    const more = Number(size) - Math.min(NAMED, some.length);
    if (more > 0) links.push({ relation, to: `${more} more` });
  };
  if (parent !== undefined && parent !== '') links.push({ relation: 'child of', to: name(parent) });
  told('waits for', open, scanned(openSome));
  told(
    'failed child',
    failed,
    scored(failedSome).map((one) => one.id),
  );
  told('failed child, ignored', ignored, [...fieldsOf(pairs(ignoredSome)).keys()].map(fromLatin));
  told('completed child', done, [...fieldsOf(pairs(doneSome)).keys()].map(fromLatin));
  return { links, notes: Number(failed) > 0 ? ['Replay its failed children first: it waits for their results.'] : [] };
}

const fromLatin = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
const pairs = (reply: unknown) => (reply as readonly [Buffer, Buffer[]] | undefined)?.[1] ?? [];
const scanned = (reply: unknown): string[] => pairs(reply).map(String);

/** `bull:mail:17` → `mail 17`. A queue's name holds no colon, an id may. */
function nameOf(key: string, prefix: string): string {
  const rest = key.startsWith(`${prefix}:`) ? key.slice(prefix.length + 1) : key;
  const cut = rest.indexOf(':');
  return cut < 0 ? rest : `${rest.slice(0, cut)} ${rest.slice(cut + 1)}`;
}
