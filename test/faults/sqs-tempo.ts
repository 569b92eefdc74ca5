/** What a killed process held comes back after two seconds, and a run waits for it. */
export const brisk = {
  waitSeconds: 1,
  emptyPolls: 1,
  visibilitySeconds: 2,
  othersSeconds: 8,
  empty: { looks: 1, seconds: 0 },
  moveSeconds: 0.05,
};
