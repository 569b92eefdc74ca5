/** From JOBCTL_TEST_SEED, else another one each time; it is printed so that a failure can be had again. */
export function testSeed(): number {
  const given = process.env['JOBCTL_TEST_SEED'];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(given);
  console.log(`JOBCTL_TEST_SEED=${seed}`);
  return seed;
}

/** Numbers that follow from the seed (mulberry32). */
export function seededDice(seed = testSeed()) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    upTo: (limit: number): number => Math.floor(next() * limit),
    word: (): string => Math.floor(next() * 2 ** 31).toString(36),
  };
}
