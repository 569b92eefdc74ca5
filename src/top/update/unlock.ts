import type { State } from '../model.ts';
import { noticed, type Step } from './step.ts';

/** Only where a context allows it. Each write is planned and confirmed all the same. */
export function unlock(state: State): Step {
  if (state.unlocked) {
    return [
      { ...state, unlocked: false, notice: 'Locked: an action now ends with its plan.' },
      [{ type: 'unlock', unlocked: false }],
    ];
  }
  const open = state.places.filter(({ readOnly }) => !readOnly);
  if (open.length === 0)
    return noticed(
      state,
      `The context ${state.places.map(({ name }) => name).join(', ')} is readOnly: nothing is written through it.`,
    );
  const notice = 'Unlocked: an action now asks after its plan. W locks again.';
  return [{ ...state, unlocked: true, notice }, [{ type: 'unlock', unlocked: true }]];
}
