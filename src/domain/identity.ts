/** What a database is, by whatever name it is reached. */
export interface Identity {
  /** Kept through a restart and a failover; a copy of the data files has it too. */
  readonly database: string;
  /** Of the server process that answers: no copy has the same. */
  readonly server: string;
  /** A count that grows with each write: a copy from before the run is behind. */
  readonly written: string;
}

/** Where something was done, or is about to be. */
export interface Place {
  readonly context: string;
  readonly backend: string;
  readonly where: string;
  readonly identity?: Identity | undefined;
}

/** Without a configuration the place itself, without its secrets, stands for the context. */
export const isContextName = (context: string): boolean => !context.includes('://') && context !== 'memory:';

/**
 * The same database, though it is called otherwise. The server that answered then is proof enough. Another server of the
 * same data may be its successor, or a copy for the tests: then the named context has to say that it is the place.
 */
export function isSameDatabase(then: Place, now: Place): boolean {
  const [was, is] = [then.identity, now.identity];
  if (was === undefined || is === undefined) return false;
  if (then.backend !== now.backend || was.database !== is.database) return false;
  if (was.server === is.server) return true;
  return isContextName(then.context) && then.context === now.context && BigInt(is.written) > BigInt(was.written);
}
