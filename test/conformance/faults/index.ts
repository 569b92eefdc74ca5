import { claimingFaults } from './claiming.ts';
import { operatingFaults } from './operating.ts';
import { readingFaults } from './reading.ts';
import { returningFaults } from './returning.ts';
import { selectionFaults } from './selection.ts';
import { writingFaults } from './writing.ts';

export const faults = [
  ...claimingFaults,
  ...operatingFaults,
  ...readingFaults,
  ...returningFaults,
  ...selectionFaults,
  ...writingFaults,
];
