/** True under `npm run test:long`, which takes what is too long for every change: all backends, all versions, all points. */
export const isLong = process.env['JOBCTL_LONG_TESTS'] === '1';
