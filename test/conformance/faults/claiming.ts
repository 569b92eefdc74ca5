import type { Claims, SavedJob } from '../../../src/domain/claim.ts';
import { claiming, claimingAgain, claimsOf, type Fault, overwrite, withCan } from './plant.ts';

export const claimingFaults: readonly Fault[] = [
  {
    name: 'does not hold what it claims',
    topic: 'claim',
    plant: claiming((claim, memory) => {
      memory.store.held.clear();
      return { jobs: claim.jobs };
    }),
  },
  {
    name: 'claims more than it was asked to',
    topic: 'claim',
    plant: (memory) => {
      const ops: Claims = {
        claim: (request) => claimsOf(memory).claim({ ...request, size: request.size + 1 }),
        settle: (intent) => claimsOf(memory).settle(intent),
      };
      return withCan(memory, { replay: { level: 'native', ops } });
    },
  },
  { name: 'forgets to release', topic: 'claim', plant: claiming(() => ({ release: async () => {} })) },
  {
    name: 'applies to the whole claim, whatever it is given',
    topic: 'claim',
    plant: claiming((claim) => ({ apply: () => claim.apply(claim.jobs) })),
  },
  {
    name: 'takes an empty list of types for all',
    topic: 'claim',
    plant: claimingAgain((one) => ({ ...one, types: undefined })),
  },
  { name: 'does not tell what it could not hold', topic: 'claim', plant: claiming(() => ({ skipped: [] })) },
  {
    name: 'does not look again before the next claim',
    topic: 'claim',
    plant: (memory) => {
      const ops: Claims = {
        async *claim(request) {
          const saved: SavedJob[] = [];
          for await (const claim of claimsOf(memory).claim(request)) {
            saved.push(...claim.jobs);
            await claim.release();
          }
          for (let at = 0; at < saved.length; at += request.size)
            yield overwrite(memory, saved.slice(at, at + request.size));
        },
        settle: (intent) => claimsOf(memory).settle(intent),
      };
      return withCan(memory, { replay: { level: 'native', ops } });
    },
  },
];
