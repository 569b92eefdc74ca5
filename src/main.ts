/** What bin/run.js starts. It lives in src/ so that the build bundles oclif's core (231 modules otherwise, half of the start-up). */
export { execute } from '@oclif/core';
