import { claiming, claimingAgain, doneAll, type Fault, stored } from './plant.ts';

export const writingFaults: readonly Fault[] = [
  {
    name: 'replays twice',
    topic: 'replay',
    plant: claiming((claim, memory) => ({
      async apply(jobs) {
        const outcomes = await claim.apply(jobs);
        for (const { job } of jobs) memory.seed([{ queue: job.queue, type: job.type, payload: job.payload }]);
        return outcomes;
      },
    })),
  },
  {
    name: 'reports a skip as done',
    topic: 'replay',
    plant: claiming((claim) => ({
      async apply(jobs) {
        await claim.apply(jobs);
        return doneAll(jobs);
      },
    })),
  },
  {
    name: 'forces a twin',
    topic: 'replay',
    plant: claiming((claim, memory) => ({
      async apply(jobs) {
        await claim.apply(jobs);
        for (const saved of jobs) {
          const job = stored(memory, saved);
          if (job?.state === 'dead') memory.put({ ...job, state: 'waiting' });
        }
        return doneAll(jobs);
      },
    })),
  },
  {
    name: 'keeps the attempts used up',
    topic: 'replay',
    plant: claiming((claim, memory) => ({
      async apply(jobs) {
        const outcomes = await claim.apply(jobs);
        for (const saved of jobs) {
          const job = stored(memory, saved);
          if (job) memory.put({ ...job, attempts: saved.job.attempts });
        }
        return outcomes;
      },
    })),
  },
  {
    name: 'resets without proof',
    topic: 'reset',
    plant: claimingAgain((one) => ({ ...one, stuck: undefined, before: '9999-01-01T00:00:00.000000Z' })),
  },
  {
    name: 'removes without a second look',
    topic: 'remove',
    plant: claiming((claim, memory, verb) => {
      if (verb !== 'remove') return {};
      memory.store.held.clear();
      return {
        async apply(jobs) {
          for (const { job } of jobs) memory.take(job);
          return doneAll(jobs);
        },
        jobs: claim.jobs,
      };
    }),
  },
  {
    name: 'removes the neighbours as well',
    topic: 'remove',
    plant: claiming((claim, memory) => ({
      async apply(jobs) {
        const outcomes = await claim.apply(jobs);
        for (const { job } of memory.store.entries()) if (job.queue === jobs[0]?.job.queue) memory.take(job);
        return outcomes;
      },
    })),
  },
  {
    name: 'cancels what has ended',
    topic: 'cancel',
    plant: claiming((_, memory) => ({
      async apply(jobs) {
        for (const saved of jobs) {
          const job = stored(memory, saved);
          if (job) memory.put({ ...job, state: 'cancelled' });
        }
        return doneAll(jobs);
      },
    })),
  },
  {
    name: 'an edit also wakes the job',
    topic: 'edit',
    plant: claiming((claim, memory, verb) => ({
      async apply(jobs) {
        const outcomes = await claim.apply(jobs);
        for (const saved of verb === 'edit' ? jobs : []) {
          const job = stored(memory, saved);
          if (job) memory.put({ ...job, state: 'waiting' });
        }
        return outcomes;
      },
    })),
  },
];
