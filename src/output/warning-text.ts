import { lines } from './facts.ts';
import { type Page, view } from './page.ts';
import { hang } from './text-width.ts';

/** A line each. */
export const warningsText = view(({ warnings }: { readonly warnings: readonly string[] }, page: Page): string =>
  lines(...warnings.map((warning) => page.style.warn('warning: ') + hang('         ', warning, page.width).slice(9))),
);
