import { current } from '../layout.ts';
import type { Effect, Question } from '../messages.ts';
import type { Screen, State } from '../model.ts';

/** The new state, and what is to be done in the world. */
export type Step = readonly [State, readonly Effect[]];

export const still = (state: State): Step => [state, []];

/** The shown screen in a new form. */
export const withScreen = (state: State, screen: Screen): State => ({
  ...state,
  screens: [...state.screens.slice(0, -1), screen],
});

/** The screen of this ticket in a new form, if it is still there. */
export const changed = (state: State, ticket: number, change: (screen: Screen) => Screen): State => ({
  ...state,
  screens: state.screens.map((screen) => (screen.ticket === ticket ? change(screen) : screen)),
});

export const ask = (place: string, ticket: number, question: Question): Effect => ({
  type: 'ask',
  place,
  ticket,
  question,
});

/** Back to the screen before. On the first one nothing happens. */
export function back(state: State): Step {
  if (state.screens.length === 1) return still(state);
  return [{ ...state, screens: state.screens.slice(0, -1) }, [{ type: 'forget', ticket: current(state).ticket }]];
}

export const noticed = (state: State, notice: string): Step => [{ ...state, notice }, []];
