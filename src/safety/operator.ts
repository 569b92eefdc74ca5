import { hostname, userInfo } from 'node:os';

export interface Operator {
  /** With sudo: `root (sudo by ada)`. */
  readonly user: string;
  readonly host: string;
}

/** Who runs this, for the audit and for locks. A container may know no name for its user. */
export function operator(env: NodeJS.ProcessEnv): Operator {
  const user = loginName() ?? env['USER'] ?? env['LOGNAME'] ?? `uid ${process.getuid?.() ?? 'unknown'}`;
  const sudo = env['SUDO_USER'];
  return { user: sudo && sudo !== user ? `${user} (sudo by ${sudo})` : user, host: hostname() };
}

function loginName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
