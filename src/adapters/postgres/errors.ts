import { type ErrorKind, JobctlError } from '../../domain/errors.ts';

/** What the `pg` driver and Node put on an error. */
interface DriverError {
  readonly code?: string;
  readonly message: string;
  readonly constraint?: string;
}

const asDriverError = (error: unknown): DriverError =>
  error instanceof AggregateError && error.errors[0] instanceof Error
    ? (error.errors[0] as DriverError)
    : error instanceof Error
      ? (error as DriverError)
      : { message: String(error) };

export const codeOf = (error: unknown): string | undefined => asDriverError(error).code;
/** The constraint or index that refused the write. */
export const constraintOf = (error: unknown): string | undefined => asDriverError(error).constraint;

export const UNIQUE_VIOLATION = '23505';

/** A write that ended with one of these was rolled back whole and may be tried again. */
const RETRYABLE = new Set([UNIQUE_VIOLATION, '40001', '40P01', '55P03']);
export const isRetryable = (error: unknown): boolean => RETRYABLE.has(codeOf(error) ?? '');

/**
 * One row may be the cause: integrity constraints (class 23), and what a trigger of the team raises (P0001).
 * Without that row the others of its batch can be written.
 */
export const refusesOneRow = (error: unknown): boolean => /^(23...|P0001)$/.test(codeOf(error) ?? '');

/** True when the server itself answered with an error: the transaction is rolled back, nothing is in doubt. */
export const isServerAnswer = (error: unknown): boolean => {
  const code = codeOf(error) ?? '';
  return /^[0-9A-Z]{5}$/.test(code) && !/^(08|57P0)/.test(code);
};

type Mapping = readonly [
  test: RegExp,
  kind: ErrorKind,
  what: (where: string, error: DriverError) => string,
  next: string,
];

/** SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html; the rest are Node's own codes. */
const mappings: readonly Mapping[] = [
  [
    /^ECONNREFUSED$/,
    'unreachable',
    (where) => `nothing listens at ${where}: connection refused`,
    'Is the server running, and are host and port right?',
  ],
  [
    /^(ENOTFOUND|EAI_AGAIN)$/,
    'unreachable',
    (where) => `the host of ${where} is not known here`,
    'Check the host name in the URL, or the network.',
  ],
  [
    /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/,
    'unreachable',
    (where) => `no answer from ${where}`,
    'Check the network and the firewall, then try again.',
  ],
  [
    /^28P01$/,
    'unreachable',
    (where) => `${where} refused the password`,
    'Check user and password in the URL (or PGPASSWORD).',
  ],
  [
    /^28000$/,
    'unreachable',
    (where, { message }) => `${where} refused the login: ${message}`,
    'Check the user, and pg_hba.conf on the server.',
  ],
  [
    /^3D000$/,
    'unreachable',
    (where, { message }) => `${where}: ${message}`,
    'Check the database name at the end of the URL (psql -l lists them).',
  ],
  [
    /^(42501)$/,
    'unreachable',
    (where, { message }) => `${where}: ${message}`,
    'jobctl schema check   # names the GRANTs that are missing',
  ],
  [/^25006$/, 'refused', (where) => `${where} is read-only (a replica?)`, 'Point the context at the primary to write.'],
  [
    /^57014$/,
    'timeout',
    (where) => `${where} did not finish the statement in time`,
    'Narrow the selection, or raise --timeout.',
  ],
  [
    /^55P03$/,
    'timeout',
    (where) => `${where}: another session holds rows or tables that are needed`,
    'Try again; a migration may be running. Its session is the one of the oldest xact_start in pg_stat_activity.',
  ],
  [/^53300$/, 'unreachable', (where) => `${where} has no connection left`, 'Try again, or close idle sessions.'],
  [
    /^(57P0.|08...)$/,
    'unreachable',
    (where, { message }) => `${where} closed the connection: ${message}`,
    'Try again when the server is back.',
  ],
];

/** Every error of the driver as a JobctlError; anything unknown stays what it is: a bug to see. */
export function toJobctlError(error: unknown, where: string): Error {
  if (error instanceof JobctlError) return error;
  const known = asDriverError(error);
  for (const [test, kind, what, next] of mappings) {
    if (known.code !== undefined && test.test(known.code)) {
      return new JobctlError(kind, what(where, known), { next: [next], cause: error });
    }
  }
  if (/client password must be/.test(known.message)) {
    return new JobctlError('unreachable', `${where} asks for a password, and none is given`, {
      next: ['Put it into PGPASSWORD, ~/.pgpass or the URL in JOBCTL_URL.'],
      cause: error,
    });
  }
  if (
    /timeout|terminated|Connection ended|not queryable|ECONNRESET|EPIPE|socket/i.test(
      `${known.message} ${known.code ?? ''}`,
    )
  ) {
    return new JobctlError('unreachable', `lost the connection to ${where}: ${known.message}`, {
      next: ['Try again when the server is back.'],
      cause: error,
    });
  }
  return error instanceof Error ? error : new Error(known.message);
}
