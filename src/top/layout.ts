import type { Place, Screen, State } from './model.ts';

/** Smaller than this nothing can be shown. */
export const least = { columns: 40, rows: 8 };

/** Contexts that get a line of their own in the head. */
const HEADS = 3;
/** The line of what can be done, and the one above it for a question or a notice. */
const FOOT = 2;

export const current = ({ screens }: Pick<State, 'screens'>): Screen => screens.at(-1) as Screen;

/** The contexts of the head: on the screen of one it is that one, so that nobody acts under another's name. */
export function headsOf({ places, rows, screens }: Pick<State, 'places' | 'rows' | 'screens'>): readonly Place[] {
  const screen = current({ screens });
  return screen.kind === 'overview'
    ? places.slice(0, rows < 20 ? 1 : HEADS)
    : places.filter(({ name }) => name === screen.place);
}

/** Lines between head and foot. */
export const bodyOf = (state: State): number => Math.max(1, state.rows - headsOf(state).length - FOOT);

/** Lines for the preview below a list of jobs. */
export const previewOf = (state: State): number => (bodyOf(state) < 16 ? 0 : Math.floor(bodyOf(state) / 2));

/** Lines of a list that are in sight; of a text, its lines. */
export function pageOf(state: State): number {
  const body = bodyOf(state);
  switch (current(state).kind) {
    case 'overview':
    case 'runs':
      return Math.max(1, body - 1); // below the head of the table
    case 'dead':
      return Math.max(1, body - 2);
    case 'jobs':
      return Math.max(1, body - 2 - previewOf(state));
    default:
      return body;
  }
}

/** Lines of the panel's own text, above a foot of so many. */
export const panelPage = (state: State, foot = 3): number => Math.max(1, bodyOf(state) - foot - 1);
