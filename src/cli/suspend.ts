/**
 * To the shell, until it says `fg`. Whoever started us stops with us, else the shell would go on waiting for him; and we
 * stop also where no shell would let a plain SIGTSTP take effect.
 */
export async function suspendSelf(): Promise<void> {
  process.kill(0, 'SIGTSTP');
  process.kill(process.pid, 'SIGSTOP');
}

/** UTF-8 as far as the environment tells; nobody else would say so. */
export const knowsUnicode = (env: NodeJS.ProcessEnv): boolean =>
  env['TERM'] !== 'dumb' && /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'utf-8');
