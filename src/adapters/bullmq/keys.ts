/** BullMQ's own default. */
export const DEFAULT_PREFIX = 'bull';

/** The names of all keys of one queue. Nothing is ever cut at a colon: job ids and prefixes may hold some. */
export interface QueueKeys {
  readonly queue: string;
  /** `<prefix>:<queue>:`; what follows is a suffix below, or a job id. */
  readonly base: string;
  readonly wait: string;
  /** v5 and older: plays the role of `wait` while the queue is paused. */
  readonly paused: string;
  readonly active: string;
  readonly prioritized: string;
  readonly delayed: string;
  readonly completed: string;
  readonly failed: string;
  readonly waitingChildren: string;
  readonly meta: string;
  /** The counter that the next id is taken from. */
  readonly id: string;
  readonly pc: string;
  readonly marker: string;
  readonly events: string;
  readonly stalled: string;
  readonly stalledCheck: string;
  readonly limiter: string;
  readonly repeat: string;
  /** v3 and classic Bull keep priorities here, and the jobs in `wait`. */
  readonly priority: string;
  /** Classic Bull's flag of a pause. */
  readonly metaPaused: string;
  job(id: string): string;
  lock(id: string): string;
  logs(id: string): string;
  dependencies(id: string): string;
  processed(id: string): string;
  /** Failures of children that the parent ignores, by child. */
  failedChildren(id: string): string;
  unsuccessful(id: string): string;
  dedup(id: string): string;
  scheduler(id: string): string;
  /** One a minute, newest first. */
  metrics(of: 'completed' | 'failed'): { readonly meta: string; readonly data: string };
}

export function keysOf(prefix: string, queue: string): QueueKeys {
  const base = `${prefix}:${queue}:`;
  const under = (suffix: string) => (id: string) => `${base}${id}:${suffix}`;
  return {
    queue,
    base,
    wait: `${base}wait`,
    paused: `${base}paused`,
    active: `${base}active`,
    prioritized: `${base}prioritized`,
    delayed: `${base}delayed`,
    completed: `${base}completed`,
    failed: `${base}failed`,
    waitingChildren: `${base}waiting-children`,
    meta: `${base}meta`,
    id: `${base}id`,
    pc: `${base}pc`,
    marker: `${base}marker`,
    events: `${base}events`,
    stalled: `${base}stalled`,
    stalledCheck: `${base}stalled-check`,
    limiter: `${base}limiter`,
    repeat: `${base}repeat`,
    priority: `${base}priority`,
    metaPaused: `${base}meta-paused`,
    job: (id) => `${base}${id}`,
    lock: under('lock'),
    logs: under('logs'),
    dependencies: under('dependencies'),
    processed: under('processed'),
    failedChildren: under('failed'),
    unsuccessful: under('unsuccessful'),
    dedup: (id) => `${base}de:${id}`,
    scheduler: (id) => `${base}repeat:${id}`,
    metrics: (of) => ({ meta: `${base}metrics:${of}`, data: `${base}metrics:${of}:data` }),
  };
}

/** What a cluster puts into one slot; undefined where each key is put by its whole name. */
export const tagOf = (key: string): string | undefined => /^[^{]*\{([^}]+)\}/.exec(key)?.[1];

/** What a queue's own keys are called: no job can be found under these. */
const suffixes = new Set([
  ...['wait', 'paused', 'active', 'prioritized', 'delayed', 'completed', 'failed', 'waiting-children', 'meta', 'id'],
  ...['pc', 'marker', 'events', 'stalled', 'stalled-check', 'limiter', 'repeat', 'priority', 'meta-paused'],
]);

/** False for what names a queue's own key, or could name no key at all. */
export const couldBeJob = (id: string): boolean => id !== '' && !suffixes.has(id) && !/^(metrics|de):/.test(id);

/** A key's own signs, for a pattern of SCAN: `{` is none. */
export const literal = (text: string): string => text.replace(/[\\*?[\]]/g, '\\$&');
