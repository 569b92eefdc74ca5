import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Document {
  /** From the top of the project. */
  readonly path: string;
  readonly text: string;
}

export const documents: readonly Document[] = globSync(['*.md', 'docs/**/*.md'], { cwd: root })
  .sort()
  .map((path) => ({ path, text: readFileSync(`${root}${path}`, 'utf8') }));

export interface Fence {
  readonly language: string;
  readonly text: string;
}

export const fencesOf = (text: string): Fence[] =>
  [...text.matchAll(/^```(\S*)[^\n]*\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({
    language,
    text: body,
  }));

/** The text without its fenced blocks: there a `#` begins no heading and brackets are no links. */
export const proseOf = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '');

/** As GitHub names the anchor of a heading. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[`*]|\[|\]\([^)]*\)/g, '')
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

export const anchorsOf = (text: string): Set<string> =>
  new Set([...proseOf(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading)));

/** Each link or picture that stays inside the project. */
export const linksOf = (text: string): string[] =>
  [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = '']) => to).filter((to) => !/^[a-z]+:/.test(to));

/** Every command line of a document: what its blocks run, and what it names in passing. */
export function commandLinesOf(text: string): string[] {
  const blocks = fencesOf(text)
    .filter(({ language }) => ['sh', 'console', 'bash', 'yaml'].includes(language))
    .flatMap((fence) => fence.text.replaceAll(/\\\n\s*/g, ' ').split('\n'))
    .map((line) => line.replace(/^\$ /, ''));
  const inline = [...proseOf(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...inline].map((line) => line.trim()).filter((line) => /^(npx )?jobctl [a-z]/.test(line));
}
