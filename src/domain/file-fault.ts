/** What the system answers for a file, in words. */
export const fileFaults: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EROFS: 'the disk is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
};

/** Why a file that the operator named cannot be read or written. */
export function whyNot(cause: unknown): string {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  return fileFaults[code] ?? message;
}
