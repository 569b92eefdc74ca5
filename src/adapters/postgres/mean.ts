/** The mean of several groups together. One whose own mean is not known does not count; undefined where none is. */
export function meanOf(
  groups: readonly (readonly [size: number, mean: number | null | undefined])[],
): number | undefined {
  let jobs = 0;
  let sum = 0;
  for (const [size, mean] of groups) {
    if (mean === null || mean === undefined) continue;
    jobs += size;
    sum += size * mean;
  }
  return jobs === 0 ? undefined : sum / jobs;
}
