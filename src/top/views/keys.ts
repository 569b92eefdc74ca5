import { current } from '../layout.ts';
import type { Screen, State } from '../model.ts';
import { palette } from '../update/palette.ts';

type Keys = readonly (readonly [key: string, does: string])[];

/** The most useful first: what does not fit into the last line is in the help. */
export const screenKeys: Readonly<Record<Screen['kind'], Keys>> = {
  overview: [
    ['Enter', 'queue'],
    ['d', 'dead jobs'],
    ['u', 'runs'],
    ['s', 'sort'],
    ['S', 'turn the order round'],
    ['/', 'filter'],
  ],
  queue: [
    ['d', 'dead jobs'],
    ['t', 'reset stuck'],
    ['p', 'pause or resume'],
    ['u', 'runs'],
  ],
  dead: [
    ['Enter', 'jobs of the group'],
    ['r', 'replay'],
    ['x', 'remove'],
    ['e', 'export'],
    ['a', 'all jobs'],
    ['/', 'filter'],
  ],
  jobs: [
    ['Enter', 'job'],
    ['Space', 'mark'],
    ['r', 'replay'],
    ['x', 'remove'],
    ['e', 'export'],
    ['m', 'unmark all'],
    ['/', 'error holds'],
  ],
  job: [
    ['r', 'replay'],
    ['x', 'remove'],
    ['c', 'cancel'],
    ['t', 'reset'],
    ['e', 'export'],
  ],
  runs: [['Enter', 'run']],
  run: [
    ['u', 'undo'],
    ['o', 'go on with it'],
  ],
};

const everywhere: Keys = [
  ['arrows, hjkl', 'move, open, go back'],
  ['PgUp PgDn g G', 'by pages, to either end'],
  ['Esc', 'back'],
  ['W', 'unlock or lock writing'],
  ['Ctrl-R', 'look again now'],
  [':', 'command'],
  ['Ctrl-Z', 'to the shell; fg comes back'],
  ['q', 'leave'],
];

const panelKeys: Keys = [
  ['a letter', 'which jobs are meant, as listed'],
  ['y, n', 'agree, or not'],
  ['NAME, Enter', 'agree to what cannot simply be undone'],
  ['s', 'stop after the batch in flight'],
  ['Up Down g G', 'scroll the plan'],
  ['Esc', 'leave it; while it goes on, stop it'],
];

const list = (keys: Keys): string[] => keys.map(([key, does]) => `  ${key.padEnd(15)} ${does}`);

const LAST = 'An action shows its plan first. Nothing happens before you have agreed to it.';

export function helpLines({ screens, panel }: Pick<State, 'screens' | 'panel'>): string[] {
  if (panel !== undefined) return ['This action', ...list(panelKeys), LAST];
  return [
    'This screen',
    ...list(screenKeys[current({ screens }).kind]),
    'Everywhere',
    ...list(everywhere),
    'After a colon',
    ...list(Object.entries(palette)),
    LAST,
  ];
}
