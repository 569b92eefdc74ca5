import { nearest } from '../../domain/nearest.ts';
import { arranged } from '../arrange.ts';
import { type Place, type Sort, type State, sorts } from '../model.ts';
import { openDead, openJob, openQueue, openRuns, reload } from './open.ts';
import { noticed, type Step, still } from './step.ts';
import { unlock } from './unlock.ts';

export const palette: Readonly<Record<string, string>> = {
  'queue NAME': 'open a queue',
  'dead NAME': 'its dead jobs by cause',
  'job ID': 'one job',
  runs: 'what was changed from here',
  'sort COLUMN': sorts.join(', '),
  refresh: 'look again now',
  write: 'unlock or lock writing',
  help: 'keys of this screen',
  quit: 'leave',
};

const words = Object.keys(palette).map((entry) => entry.split(' ')[0] ?? '');

const meant = (name: string, known: readonly string[]): string => {
  const close = nearest(name, known);
  return close.length > 0 ? ` Did you mean ${close.join(' or ')}?` : '';
};

/** `queue email`: what was typed after the colon. */
export function obey(state: State, line: string): Step {
  const [word = '', ...rest] = line.trim().split(/\s+/);
  const name = rest.join(' ');
  const place = placeOf(state);
  switch (word) {
    case '':
      return still(state);
    case 'q':
    case 'quit':
      return [state, [{ type: 'exit', code: 0 }]];
    case 'help':
      return still({ ...state, help: true, helpTop: 0 });
    case 'write':
      return unlock(state);
    case 'refresh':
      return reload(state, state.screens.at(-1) ?? { kind: 'overview', ticket: 0 });
    case 'runs':
      return place === undefined ? still(state) : openRuns(state, place);
    case 'sort':
      return sorts.some((one) => one === name)
        ? still(arranged({ ...state, sort: name as Sort, reversed: false }))
        : noticed(state, `sort takes ${sorts.join(', ')}.`);
    case 'job':
      return place === undefined || name === '' ? noticed(state, 'job takes an id.') : openJob(state, place, '', name);
    case 'queue':
    case 'dead':
      return toQueue(state, word, name);
    default:
      return noticed(state, `There is no "${word}".${meant(word, words)} ? lists what there is.`);
  }
}

function toQueue(state: State, word: 'queue' | 'dead', name: string): Step {
  const here = placeOf(state);
  const holders = state.places.filter(({ look }) => look?.queues.some(({ queue }) => queue === name));
  // several contexts may have one of that name: the one that is looked at is meant
  const place = (holders.find((one) => one.name === here) ?? holders[0])?.name;
  if (place !== undefined) return word === 'queue' ? openQueue(state, place, name) : openDead(state, place, name);
  const known = state.places.flatMap(({ look }) => look?.queues.map(({ queue }) => queue) ?? []);
  return noticed(state, `There is no queue "${name}".${meant(name, known)}`);
}

/** The context of the shown screen, else the one of the line under the cursor, else the first. */
function placeOf(state: State): Place['name'] | undefined {
  const screen = state.screens.at(-1);
  if (screen !== undefined && screen.kind !== 'overview') return screen.place;
  return state.list[state.cursor.index]?.place ?? state.places[0]?.name;
}
