/** Exit codes of the process, published in docs/exit-codes.md. An unknown code is a failure. */
export const ExitCode = {
  done: 0,
  unexpected: 1,
  usage: 2,
  partial: 3,
  refused: 4,
  unsupported: 5,
  stale: 6,
  locked: 7,
  /** Also every call on an adapter that was closed. */
  unreachable: 8,
  timeout: 9,
  findings: 10,
  cancelled: 130,
} as const;

export type ErrorKind = Exclude<keyof typeof ExitCode, 'done'>;

/** Every expected failure: what happened, why, and what the operator does next. */
export class JobctlError extends Error {
  override readonly name = 'JobctlError';
  /** Stable and greppable: JOBCTL_LOCKED. Tests and scripts rely on this, never on the wording. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** oclif reads `exitCode` under --json and `oclif.exit` otherwise. */
  readonly exitCode: number;
  readonly oclif: { readonly exit: number };
  /** Commands or steps to take now, best first. */
  readonly next: readonly string[];

  constructor(kind: ErrorKind, message: string, more: { next?: readonly string[]; cause?: unknown } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.kind = kind;
    this.code = `JOBCTL_${kind.toUpperCase()}`;
    this.exitCode = ExitCode[kind];
    this.oclif = { exit: ExitCode[kind] };
    this.next = more.next ?? [];
  }
}
