import { join } from 'node:path';
import { loadConfig } from '../config/load.ts';
import { stateDirectory } from '../safety/state-directory.ts';

/** What `context use` chose. It belongs to the machine: no configuration moves it. */
export const currentContextFile = (env: NodeJS.ProcessEnv): string => join(stateDirectory(env), 'context');

/** Where the runs are, for commands that open no context. */
export async function runsPlace(flags: { readonly config?: string | undefined }): Promise<string> {
  const { backups } = await loadConfig({ flag: flags.config, env: process.env, folder: process.cwd() });
  return stateDirectory(process.env, backups.folder);
}
