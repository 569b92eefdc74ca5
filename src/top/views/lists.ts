import { grouped } from '../../domain/grouped.ts';
import { relative } from '../../output/age.ts';
import { plural } from '../../output/count-text.ts';
import { payloadText } from '../../output/job-view.ts';
import { tries } from '../../output/jobs-text.ts';
import { lineOf } from '../cursor.ts';
import { pageOf, previewOf } from '../layout.ts';
import type { Cursor, DeadScreen, JobLine, JobsScreen, RunsScreen, State } from '../model.ts';
import { receives } from '../update/open.ts';
import { groupsShown } from '../update/screens.ts';
import { type Column, type Grid, gridOf } from './grid.ts';
import { dot, type Look, marked } from './look.ts';
import { previewText } from './preview.ts';

/** The lines of a list that are in sight, the one of the cursor marked. */
function inSight<Row>(
  rows: readonly Row[],
  keys: readonly string[],
  cursor: Cursor,
  page: number,
  grid: Grid<Row>,
  look: Look,
): string[] {
  const here = lineOf(cursor, keys);
  return rows.slice(cursor.top, cursor.top + page).map((row, index) => {
    const line = grid.line(row);
    return cursor.top + index === here ? marked(look, `>${line.slice(1)}`) : line;
  });
}

export function deadLines(state: State, screen: DeadScreen, look: Look): string[] {
  const { queue, found, agreed, loading } = screen;
  const title = look.style.strong(look.clean(queue));
  if (!agreed)
    return [
      title,
      'Looking at dead messages here receives them: each is hidden from others for the',
      'moment, and its receive count rises. Press L to look all the same.',
    ];
  if (found === undefined) return [title, loading ? 'Looking …' : ''];
  const groups = groupsShown(screen);
  const { scanned, complete, now } = found;
  const head = `${title}${dot}${plural(scanned, 'dead job')} in ${plural(found.groups.length, 'group')}${complete ? '' : look.style.warn(`${dot}only the newest were looked at: A looks at all`)}`;
  const grid = gridOf<(typeof groups)[number]>(
    [
      { head: '', width: 1, cell: () => '' },
      { head: 'JOBS', width: 8, right: true, cell: ({ count }) => ({ text: grouped(count), look: look.style.bad }) },
      { head: 'GROUP', width: 10, drop: 20, cell: ({ group }) => group },
      { head: 'LAST', width: 12, right: true, drop: 10, cell: ({ lastSeen }) => relative(lastSeen, now) },
      { head: 'FIRST', width: 12, right: true, drop: 30, cell: ({ firstSeen }) => relative(firstSeen, now) },
      { head: 'TYPE', width: 14, drop: 25, grows: 1, cell: ({ types }) => types.join(', ') },
      { head: 'WHAT THEY SHARE', width: 20, grows: 4, cell: ({ signature }) => signature },
    ],
    state.columns,
    look,
  );
  const keys = groups.map(({ group }) => group);
  return [head, grid.head, ...inSight(groups, keys, screen.cursor, pageOf(state), grid, look)];
}

export function jobsLines(state: State, screen: JobsScreen, look: Look): string[] {
  const { queue, group, signature, filter, jobs, more, now, marks, cursor, loading } = screen;
  const title = [
    look.style.strong(look.clean(queue)),
    `${plural(jobs.length, 'job')}${more ? ' so far' : ''}`,
    ...(marks.size === 0 ? [] : [look.style.strong(`${grouped(marks.size)} marked`)]),
    ...(filter === '' ? [] : [`error holds "${look.clean(filter)}"`]),
    group === undefined ? 'all dead jobs' : `${group} ${look.clean(signature ?? '')}`,
  ].join(dot);
  if (now === undefined) return [title, loading ? 'Looking …' : ''];
  const columns: Column<JobLine>[] = [
    { head: '', width: 1, cell: () => '' },
    { head: '', width: 1, cell: ({ id }) => (marks.has(id) ? { text: '*', look: look.style.strong } : '') },
    { head: 'ID', width: 10, grows: 1, cell: ({ id }) => id },
    { head: 'TYPE', width: 12, grows: 1, drop: 20, cell: ({ type }) => type },
    { head: 'DIED', width: 12, right: true, drop: 10, cell: ({ since }) => relative(since, now) },
    { head: 'TRIES', width: 5, right: true, drop: 30, cell: (job) => tries(job) },
    { head: 'ERROR', width: 20, grows: 4, cell: ({ error }) => error },
  ];
  const grid = gridOf(columns, state.columns, look);
  const page = pageOf(state);
  const keys = jobs.map(({ id }) => id);
  const list = inSight(jobs, keys, cursor, page, grid, look);
  const lines = [title, grid.head, ...list];
  const below = previewOf(state);
  if (below === 0) return lines;
  return [...lines, ...Array<string>(page - list.length).fill(''), ...previewLines(state, screen, below, look)];
}

/** As much of the job under the cursor as there is room for. */
function previewLines(
  state: State,
  { place, preview, jobs, cursor, now }: JobsScreen,
  room: number,
  look: Look,
): string[] {
  const rule = look.style.dim('─'.repeat(state.columns));
  const here =
    jobs[
      lineOf(
        cursor,
        jobs.map(({ id }) => id),
      )
    ]?.id;
  if (here !== undefined && receives(state, place))
    return [rule, look.style.dim('To look at a job here is to receive it: Enter does.')];
  if (preview === undefined || now === undefined || preview.job.id !== here) return [rule];
  return [
    rule,
    ...previewText({ job: preview.job, now, payload: payloadText(preview.job.payload) }, room - 1, look, state.columns),
  ];
}

export function runsLines(state: State, screen: RunsScreen, look: Look): string[] {
  const { runs, now, loading, cursor } = screen;
  if (runs === undefined || now === undefined) return [loading ? 'Looking …' : ''];
  if (runs.length === 0) return ['No runs yet: nothing was changed with jobctl from here.'];
  const grid = gridOf<(typeof runs)[number]>(
    [
      { head: '', width: 1, cell: () => '' },
      { head: 'RUN', width: 34, grows: 1, cell: ({ id }) => id },
      {
        head: 'STATE',
        width: 10,
        cell: ({ state: at, running }) =>
          running
            ? { text: 'running', look: look.style.warn }
            : at === 'finished'
              ? at
              : { text: at, look: look.style.bad },
      },
      { head: 'STARTED', width: 12, right: true, drop: 5, cell: ({ startedAt }) => relative(startedAt, now) },
      { head: 'CONTEXT', width: 10, drop: 20, cell: ({ context }) => context ?? '-' },
      {
        head: 'RESULT',
        width: 12,
        grows: 2,
        drop: 1,
        cell: ({ outcomes, matched }) =>
          outcomes === undefined
            ? matched === undefined
              ? '-'
              : `${grouped(matched)} matched`
            : `${grouped(outcomes.done)} done${outcomes.skipped + outcomes.failed + outcomes.unknown === 0 ? '' : `, ${grouped(outcomes.skipped)} skipped, ${grouped(outcomes.failed + outcomes.unknown)} failed`}`,
      },
    ],
    state.columns,
    look,
  );
  return [
    grid.head,
    ...inSight(
      runs,
      runs.map(({ id }) => id),
      cursor,
      pageOf(state),
      grid,
      look,
    ),
  ];
}
