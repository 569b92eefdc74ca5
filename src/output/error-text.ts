import type { JobctlError } from '../domain/errors.ts';
import { lines, nextLines } from './facts.ts';
import { type Page, view } from './page.ts';
import { hang } from './text-width.ts';

export type ErrorView = Pick<JobctlError, 'message' | 'next'>;

/** What happened and what to do now. Without the code and the stack, which only --debug shows. */
export const errorText = ({ message, next }: ErrorView, page: Page): string => render({ message, next }, page);

/** The fields of an Error are not enumerable, so they are named one by one above. */
const render = view(({ message, next }: ErrorView, page: Page): string =>
  lines(`${page.style.bad('error:')}${hang('       ', message, page.width).slice(6)}`, nextLines(next, page)),
);

/** The error as `--json` prints it on stderr. */
export const errorJson = ({ code, message, exitCode, next }: JobctlError): Record<string, unknown> => ({
  schemaVersion: 1,
  error: { code, message, exitCode, next },
});
