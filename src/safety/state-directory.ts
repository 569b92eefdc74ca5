import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/**
 * Where runs, backups and the audit are kept. It is created, for its owner alone, by the first write.
 * A relative XDG_STATE_HOME is ignored, as its specification demands. `configured` is `backups.folder`.
 */
export function stateDirectory(env: NodeJS.ProcessEnv, configured?: string): string {
  if (env['JOBCTL_STATE_DIR']) return resolve(env['JOBCTL_STATE_DIR']);
  if (configured !== undefined) return configured;
  const xdg = env['XDG_STATE_HOME'];
  if (xdg && isAbsolute(xdg)) return join(xdg, 'jobctl');
  return join(env['HOME'] || homedir(), '.local', 'state', 'jobctl');
}
