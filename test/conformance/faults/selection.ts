import type { Job } from '../../../src/domain/job.ts';
import { criteria } from '../../../src/domain/selection.ts';
import { changed, type Fault, withReader } from './plant.ts';

export const selectionFaults: readonly Fault[] = [
  {
    name: 'count is too low',
    topic: 'selection',
    plant: (memory) =>
      withReader(memory, {
        async count(selection) {
          const { value } = await memory.count(selection);
          return { value: Math.max(0, value - 1), exact: true };
        },
      }),
  },
  {
    name: 'says that it pushes what it does not',
    topic: 'selection',
    plant: (memory) => withReader(memory, { pushes: new Set(criteria) }),
  },
  {
    name: 'pushes a time with the wrong edge',
    topic: 'selection',
    plant: (memory) =>
      withReader(memory, {
        browse: (selection, options) =>
          changed(memory.browse(selection, options), (page) =>
            page.filter(({ since = '' }) => selection.before === undefined || since < selection.before),
          ),
      }),
  },
  {
    name: 'pushes a time cut to milliseconds',
    topic: 'selection',
    plant: (memory) =>
      withReader(memory, {
        browse: (selection, options) =>
          changed(memory.browse(selection, options), (page) =>
            page.filter(
              ({ since = '' }) =>
                selection.before === undefined || since.slice(0, 23) <= `${selection.before.slice(0, 22)}0`,
            ),
          ),
      }),
  },
  {
    name: 'pushes the cutoff by the due time of delayed jobs',
    topic: 'selection',
    plant: (memory) =>
      withReader(memory, {
        browse: (selection, options) => {
          const fits = (job: Job) => selection.cutoff === undefined || (job.since ?? '') <= selection.cutoff;
          return changed(memory.browse(selection, options), (page) => page.filter(fits));
        },
      }),
  },
];
