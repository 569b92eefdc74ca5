/**
 * What a killed process held comes back after a few seconds, and a run waits for it. Fewer would be too few on a busy machine:
 * the emulator takes a delete with a handle that has run out, and deletes nothing.
 */
export const brisk = {
  waitSeconds: 1,
  emptyPolls: 1,
  visibilitySeconds: 4,
  othersSeconds: 12,
  empty: { looks: 1, seconds: 0 },
  moveSeconds: 0.05,
};
