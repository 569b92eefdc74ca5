import type { SavedJob } from '../../../domain/claim.ts';
import { idsOf, namesOf } from './places.ts';

/** The jobs of `keys` as a condition on `j`. */
export const these = 'j.name = ANY ($1::text[]) AND j.id = ANY ($2::uuid[])';
export const keys = (jobs: readonly SavedJob[]): [string[], string[]] => [namesOf(jobs), idsOf(jobs)];
