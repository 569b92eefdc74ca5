import { type Page, view } from './page.ts';

export interface DiffView {
  readonly before: string;
  readonly after: string;
}

type Change = readonly [sign: ' ' | '-' | '+', line: string];
const context = 3;
/** Beyond this many pairs of lines the longest common part is not worth its price: all old lines, then all new ones. */
const maxPairs = 4_000_000;

/** Line by line: `-` goes, `+` comes. Long unchanged stretches are folded. */
export const diffText = view(({ before, after }: DiffView, page: Page): string => {
  const changes = lineChanges(before.split('\n'), after.split('\n'));
  if (changes.every(([sign]) => sign === ' ')) return 'no difference';
  const near = changes.map((_, index) =>
    changes.slice(Math.max(0, index - context), index + context + 1).some(([sign]) => sign !== ' '),
  );
  const look = { ' ': (text: string) => text, '-': page.style.bad, '+': page.style.good };
  return changes
    .flatMap(([sign, line], index) => {
      if (near[index]) return [look[sign](`${sign} ${line}`.trimEnd())];
      return index === 0 || near[index - 1] ? [page.style.dim('  …')] : [];
    })
    .join('\n');
});

/** The longest common subsequence, after the equal head and tail were set aside. */
function lineChanges(before: readonly string[], after: readonly string[]): Change[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail))
    tail++;
  const old = before.slice(head, before.length - tail);
  const fresh = after.slice(head, after.length - tail);
  const same = (line: string): Change => [' ', line];
  return [...before.slice(0, head).map(same), ...middle(old, fresh), ...before.slice(before.length - tail).map(same)];
}

function middle(old: readonly string[], fresh: readonly string[]): Change[] {
  const columns = fresh.length + 1;
  const changes: Change[] = [];
  let i = 0;
  let j = 0;
  if (old.length * fresh.length <= maxPairs) {
    const common = new Uint32Array((old.length + 1) * columns);
    const at = (row: number, column: number): number => common[row * columns + column] as number;
    for (let row = old.length - 1; row >= 0; row--) {
      for (let column = fresh.length - 1; column >= 0; column--) {
        common[row * columns + column] =
          old[row] === fresh[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
      }
    }
    while (i < old.length && j < fresh.length) {
      if (old[i] === fresh[j]) {
        changes.push([' ', old[i++] as string]);
        j++;
      } else if (at(i + 1, j) >= at(i, j + 1)) changes.push(['-', old[i++] as string]);
      else changes.push(['+', fresh[j++] as string]);
    }
  }
  return [
    ...changes,
    ...old.slice(i).map((line): Change => ['-', line]),
    ...fresh.slice(j).map((line): Change => ['+', line]),
  ];
}
