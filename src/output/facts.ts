import { adviceOf, isSentence } from '../domain/advice.ts';
import type { Page } from './page.ts';
import { hang, textWidth } from './text-width.ts';

export type Fact = readonly [label: string, value: string | undefined];

/** `label  value`, one below the other, the values aligned and wrapped. Facts without a value are left out. */
export function facts(list: readonly Fact[], page: Page, indent = '  '): string {
  const known = list.filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== '');
  const width = known.reduce((most, [label]) => Math.max(most, textWidth(label)), 0);
  return known.map(([label, value]) => labelled(`${indent}${label.padEnd(width)}  `, value, page)).join('\n');
}

/** The label is dimmed after the lines were broken, so that its width counts without the escape codes. */
function labelled(lead: string, value: string, page: Page): string {
  return page.style.dim(lead) + hang(lead, value, page.width).slice(lead.length);
}

/** Texts one below the other with an empty line between; empty ones leave no trace. */
export const blocks = (...texts: readonly (string | undefined)[]): string =>
  texts.filter((text) => text !== undefined && text !== '').join('\n\n');

/** Texts one below the other; empty ones leave no trace. */
export const lines = (...texts: readonly (string | undefined)[]): string =>
  texts.filter((text) => text !== undefined && text !== '').join('\n');

/** `next:` and the commands to run, whole, so that they can be copied. */
export function nextLines(next: readonly string[], page: Page): string {
  return next
    .flatMap((step) => (isCommand(step) ? remarked(step, page) : [step]))
    .map(
      (line, index) =>
        `${index === 0 ? page.style.dim('next:') : '     '} ${isCommand(line) ? line : hang('      ', line, page.width).slice(6)}`,
    )
    .join('\n');
}

/** What is said of a command stands behind it, or above where the line has no room for both. */
function remarked(step: string, page: Page): string[] {
  const { command, remark } = adviceOf(step);
  if (remark === '' || 6 + textWidth(step) <= page.width) return [step];
  const text = remark.replace(/^\s+#\s+/, '');
  const said = hang('', text, page.width - 8).split('\n'); // each line by itself, so that all of it can be pasted
  return [...said.map((line) => `# ${line}`), command];
}

/** A sentence about a command is wrapped like any other. */
const isCommand = (step: string): boolean =>
  /^(jobctl|export|unset|npm|docker|psql|redis-cli|aws|mkdir|rm|SELECT) /.test(step) && !isSentence(step);
