/** Loaded before the program: of a long sleep little is slept, and its clock goes on by the rest. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

const LONG_MS = 400;
/** What is asked for meanwhile must still have the time to come. */
const slept = (ms) => Math.min(ms / 20, 250);

const now = performance.now.bind(performance);
const sleep = timers.setTimeout;
let ahead = 0;

performance.now = () => now() + ahead;
timers.setTimeout = async (ms, value, options) => {
  if (!(ms >= LONG_MS)) return await sleep(ms, value, options);
  await sleep(slept(ms), value, options);
  ahead += ms - slept(ms);
  return value;
};
syncBuiltinESMExports();
