/** Text of which a line is looked for in a log. {mark} and {id} stand for what one job alone has. */
const placeholder = /\{(mark|id)\}/g;

/** A line without either of them may be of any job, and proves nothing of this one. */
export const namesOneJob = (pattern: string): boolean => pattern.search(placeholder) !== -1;

export const NAMES_NO_JOB = 'names no job: {mark} or {id} must be in it, or the line may be of any other';

export const filledFor = (pattern: string, job: { readonly mark: string; readonly id: string }): string =>
  pattern.replace(placeholder, (_, name: 'mark' | 'id') => job[name]);
