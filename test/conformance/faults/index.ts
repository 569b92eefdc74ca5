import { claimingFaults } from './claiming.ts';
import { readingFaults } from './reading.ts';
import { returningFaults } from './returning.ts';
import { selectionFaults } from './selection.ts';
import { writingFaults } from './writing.ts';

export const faults = [...claimingFaults, ...readingFaults, ...returningFaults, ...selectionFaults, ...writingFaults];
