import type { QueueStats } from '../domain/stats.ts';
import { age } from '../output/age.ts';
import { approximately, plural } from '../output/count-text.ts';
import { lines } from '../output/facts.ts';
import type { Page } from '../output/page.ts';
import { type Column, table } from '../output/table.ts';

type Part = NonNullable<QueueStats['by']>[number];

/** One part alone says nothing that the queue does not. */
export function parts(
  name: string,
  all: QueueStats['by'],
  page: Page,
  targetOfPart: (key: string) => number | undefined = () => undefined,
): string | undefined {
  if (all === undefined || all.length === 0 || (all.length === 1 && all[0]?.key === '')) return undefined;
  const number = (head: string, of: (part: Part) => number): Column<Part> => ({
    head,
    right: true,
    whole: true,
    cell: (part) => approximately(of(part), part.exact),
  });
  const columns: Column<Part>[] = [
    { head: name.toUpperCase().replace(/S$/, ''), min: 10, cell: ({ key }) => (key === '' ? '(none)' : key) },
    number('WAITING', ({ counts }) => counts.waiting),
    {
      head: 'OLDEST',
      right: true,
      whole: true,
      cell: ({ key, oldestWaitingSeconds: oldest }) => {
        const target = targetOfPart(key);
        const late = oldest !== undefined && target !== undefined && oldest > target;
        // the sign says it where there is no colour
        return late ? { text: `!${age(oldest)}`, look: page.style.bad } : age(oldest);
      },
    },
    ...(all.some(({ key }) => targetOfPart(key) !== undefined)
      ? [{ head: 'TARGET', right: true, whole: true, cell: ({ key }: Part) => age(targetOfPart(key)) }]
      : []),
    number('ACTIVE', ({ counts }) => counts.active),
    number('DELAYED', ({ counts }) => counts.delayed),
    number('DEAD', ({ counts }) => counts.dead),
  ];
  return lines(page.style.strong(`${plural(all.length, name.slice(0, -1))}`), table(columns, all, page).text);
}
