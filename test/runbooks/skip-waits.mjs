/** Loaded before the program: of a long sleep little is slept, and its clock goes on by the rest. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

const LONG_MS = 400;
const SLEPT_MS = 40;

const now = performance.now.bind(performance);
const sleep = timers.setTimeout;
let ahead = 0;

performance.now = () => now() + ahead;
timers.setTimeout = async (ms, value, options) => {
  if (!(ms >= LONG_MS)) return await sleep(ms, value, options);
  await sleep(SLEPT_MS, value, options);
  ahead += ms - SLEPT_MS;
  return value;
};
syncBuiltinESMExports();
