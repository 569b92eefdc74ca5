import { join } from 'node:path';

/** What `context use` chose. */
export const currentContextFile = (stateDir: string): string => join(stateDir, 'context');
