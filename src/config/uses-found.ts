/** Whether a command needs to know what the pause has found. */
export const usesFound = (command: string): boolean => /\$\{?found\b/.test(command);
