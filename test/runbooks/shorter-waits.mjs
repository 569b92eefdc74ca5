/**
 * Loaded before the program as `shorter-waits.mjs?part=10`: of a long sleep that part is slept, so it only looks more often.
 * With `&ahead` its clock goes on by the rest: for waits that are long by rule.
 */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';

const LONG_MS = 400;

const asked = new URL(import.meta.url).searchParams;
const part = Number(asked.get('part'));
const isAhead = asked.has('ahead');
const now = performance.now.bind(performance);
const sleep = timers.setTimeout;
let ahead = 0;

performance.now = () => now() + ahead;
timers.setTimeout = async (ms, value, options) => {
  if (!(ms >= LONG_MS)) return await sleep(ms, value, options);
  await sleep(ms / part, value, options);
  if (isAhead) ahead += ms - ms / part;
  return value;
};
syncBuiltinESMExports();
