import { age } from '../../output/age.ts';
import { sparkline } from '../../output/sparkline.ts';
import { pageOf } from '../layout.ts';
import type { Row, Sort, State } from '../model.ts';
import { perSecond, short } from '../short.ts';
import { type Column, gridOf } from './grid.ts';
import { type Look, marked } from './look.ts';

const TREND = 12;

/** One line a queue, only those in sight. */
export function overviewLines(state: State, look: Look): string[] {
  const grid = gridOf(columnsOf(state, look), state.columns, look);
  if (state.list.length === 0) return [emptyText(state)];
  const shown = state.list.slice(state.cursor.top, state.cursor.top + pageOf(state));
  return [
    grid.head,
    ...shown.map((row, index) => {
      const line = grid.line(row);
      return state.cursor.top + index === state.cursor.index ? marked(look, `>${line.slice(1)}`) : line;
    }),
  ];
}

function emptyText({ places, filter }: State): string {
  if (places.every(({ look }) => look === undefined)) return ' Looking …';
  return filter === '' ? ' No queues here.' : ` No queue's name holds "${filter}".`;
}

function columnsOf({ places, sort, reversed }: State, look: Look): Column<Row>[] {
  const { style } = look;
  const arrow = reversed ? '↑' : '↓';
  const head = (name: string, by: Sort): string => (by === sort ? `${name}${arrow}` : name);
  const count = (
    name: string,
    width: number,
    of: 'waiting' | 'delayed' | 'active' | 'dead',
    drop?: number,
  ): Column<Row> => ({
    head: head(name, of),
    width,
    right: true,
    drop,
    cell: ({ stats }) => {
      const text = short(stats.counts[of], stats.exact || stats.counts[of] === 0, width);
      return of === 'dead' && stats.counts.dead > 0 ? { text, look: style.bad } : text;
    },
  });
  const rate = (name: string, of: 'into' | 'out', by: Sort, drop: number): Column<Row> => ({
    head: head(name, by),
    width: 6,
    right: true,
    drop,
    cell: (row) => (row[of] === undefined ? '-' : perSecond(row[of])),
  });
  return [
    { head: '', width: 1, cell: () => '' }, // of the cursor
    { head: '', width: 1, cell: (row) => signOf(row, look) }, // how bad it is: colour is never alone
    { head: head('QUEUE', 'queue'), width: 12, grows: 2, cell: ({ queue }) => queue },
    ...(places.length > 1 ? [{ head: 'CONTEXT', width: 8, cell: ({ place }: Row) => place }] : []),
    count('WAITING', 8, 'waiting'),
    {
      head: head('OLDEST', 'oldest'),
      width: 7,
      right: true,
      cell: ({ stats, targetSeconds }) => {
        const text = age(stats.oldestWaitingSeconds);
        const late = targetSeconds !== undefined && (stats.oldestWaitingSeconds ?? 0) > targetSeconds;
        return late ? { text: `!${text}`, look: style.bad } : text; // the sign says it without colour
      },
    },
    ...(places.some(({ targets }) => Object.keys(targets).length > 0)
      ? [{ head: 'TARGET', width: 6, right: true, drop: 28, cell: ({ targetSeconds }: Row) => age(targetSeconds) }]
      : []),
    count('ACTIVE', 6, 'active', 10),
    count('DELAYED', 7, 'delayed', 40),
    count('DEAD', 7, 'dead'),
    ...(places.some(({ look: seen }) => seen?.workers?.byQueue !== undefined)
      ? [{ head: 'WORKERS', width: 7, right: true, drop: 35, cell: ({ workers }: Row) => crewText(workers) }]
      : []),
    rate('IN/S', 'into', 'in', 30),
    rate('OUT/S', 'out', 'out', 25),
    { head: 'TREND', width: TREND, drop: 45, cell: ({ trend }) => sparkline(trend, TREND) },
    {
      head: 'FINDING',
      drop: 1,
      width: 17,
      grows: 1,
      cell: ({ finding }) =>
        finding === undefined ? '' : { text: finding.text, look: finding.level === 'bad' ? style.bad : style.warn },
    },
  ];
}

function signOf({ finding, stats }: Row, { style }: Look): { text: string; look: (text: string) => string } {
  const same = (text: string): string => text;
  if (finding?.level === 'bad') return { text: '!', look: style.bad };
  if (stats.paused === true) return { text: 'P', look: style.warn };
  return { text: '', look: same };
}

/** `3`, or `2/3` where one of three is silent. */
const crewText = (crew: Row['workers']): string =>
  crew === undefined ? '-' : crew.silent === 0 ? `${crew.alive}` : `${crew.alive}/${crew.alive + crew.silent}`;
