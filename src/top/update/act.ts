import type { Order } from '../../operations/order.ts';
import { scrolled } from '../cursor.ts';
import { panelPage } from '../layout.ts';
import type { Effect, Message } from '../messages.ts';
import type { Choice, Panel, Place, State } from '../model.ts';
import { panelLength } from '../panel-text.ts';
import { reload } from './open.ts';
import { type Step, still } from './step.ts';

type Of<Type extends Message['type']> = Extract<Message, { type: Type }>;

/** First of all: which jobs. Nothing is meant merely because the cursor is there. */
export const choose = (state: State, place: string, title: string, choices: readonly Choice[]): Step =>
  still({ ...state, panel: { stage: 'scope', place, title, choices } });

/** While writing is locked the same road ends with the plan. An export changes nothing, so it is never a dry run. */
export function begin(state: State, place: string, order: Order): Step {
  if (order.verb === 'export') {
    const text = `dead-${order.queue.replaceAll(/[^\w.-]/g, '_')}.ndjson`;
    return still({ ...state, panel: undefined, input: { kind: 'file', text, order } });
  }
  const guarded = state.places.some(({ name, readOnly }) => name === place && readOnly);
  const dryRun = !state.unlocked || guarded;
  return [
    { ...state, panel: { stage: 'planning', place, order, dryRun, scroll: 0 } },
    [{ type: 'act', place, order, dryRun }],
  ];
}

export function beginExport(state: State, place: string, order: Extract<Order, { verb: 'export' }>): Step {
  const running = {
    stage: 'running',
    place,
    order,
    dryRun: false,
    scroll: 0,
    begunAt: state.now,
    stopping: false,
  } as const;
  return [{ ...state, input: undefined, panel: running }, [{ type: 'act', place, order, dryRun: false }]];
}

/** Where a name is typed, every sign belongs to it. */
export const typesInto = (panel: Panel): boolean => panel.stage === 'asking' && panel.severe;

/** A key for the panel. */
export function panelKey(state: State, panel: Panel, key: string): Step {
  const closed = { ...state, panel: undefined };
  const leaves = key === 'ctrl-c' && panel.stage !== 'asking' && panel.stage !== 'running';
  if (leaves) return [state, [{ type: 'exit', code: 130 }]];
  if (panel.stage === 'scope') {
    const choice = panel.choices.find((one) => one.key === key);
    if (choice !== undefined) return begin(closed, panel.place, choice.order);
    return key === 'escape' || key === 'q' ? still(closed) : still(state);
  }
  const typing = panel.stage === 'asking' && panel.severe && key.length === 1;
  const top = typing ? undefined : moved(state, panel, key);
  if (top !== undefined) return still({ ...state, panel: { ...panel, scroll: top } });
  if (panel.stage === 'asking') return reply(state, panel, key);
  if (panel.stage === 'running') return stopped(state, panel, key);
  // a plan is made to its end, but then nobody is asked
  if (panel.stage === 'planning') return key === 'escape' ? [state, [{ type: 'stop' }]] : still(state);
  return ['escape', 'q', 'enter'].includes(key)
    ? reload(closed, closed.screens.at(-1) ?? { kind: 'overview', ticket: 0 })
    : still(state);
}

const moved = (state: State, panel: Exclude<Panel, { stage: 'scope' }>, key: string): number | undefined =>
  scrolled(panel.scroll, panelLength(state, panel), panelPage(state), key);

/** Only y is yes. A name is typed, and Enter hands it in as it stands. */
function reply(state: State, panel: Extract<Panel, { stage: 'asking' }>, key: string): Step {
  const no: Effect = { type: 'reply', yes: false };
  const { severe, typed, ...acting } = panel;
  const running = { ...acting, stage: 'running', begunAt: state.now, stopping: false } as const;
  if (key === 'escape' || key === 'ctrl-c') return [state, [no]];
  if (!severe) {
    if (key === 'y') return [{ ...state, panel: running }, [{ type: 'reply', yes: true }]];
    return key === 'n' || key === 'q' ? [state, [no]] : still(state);
  }
  if (key === 'enter')
    return [typed === '' ? state : { ...state, panel: running }, [{ type: 'reply', yes: typed !== '', text: typed }]];
  return still({ ...state, panel: { ...panel, typed: typedAfter(typed, key) } });
}

/** A line of text after a key. */
export function typedAfter(text: string, key: string): string {
  if (key === 'backspace') return [...text].slice(0, -1).join('');
  if (key === 'ctrl-u') return '';
  if (key === 'space') return `${text} `;
  return key.startsWith('text:') ? text + key.slice(5) : [...key].length === 1 ? text + key : text;
}

/** First it ends after the batch in flight; a second Ctrl-C leaves at once, and the journal has the intent. */
function stopped(state: State, panel: Extract<Panel, { stage: 'running' }>, key: string): Step {
  if (!panel.stopping && (key === 's' || key === 'escape' || key === 'ctrl-c'))
    return [{ ...state, panel: { ...panel, stopping: true } }, [{ type: 'stop' }]];
  return panel.stopping && key === 'ctrl-c' ? [state, [{ type: 'exit', code: 130 }]] : still(state);
}

export const planned = (state: State, { plan }: Of<'planned'>): Step =>
  state.panel === undefined || state.panel.stage === 'scope'
    ? still(state)
    : still({ ...state, panel: { ...state.panel, plan } });

export function asked(state: State, { question, severe }: Of<'asked'>): Step {
  const { panel } = state;
  if (panel?.stage !== 'planning') return still(state);
  return still({ ...state, panel: { ...panel, stage: 'asking', question, severe, typed: '' } });
}

export function progressed(state: State, { progress }: Of<'progressed'>): Step {
  const { panel } = state;
  return panel?.stage === 'running' ? still({ ...state, panel: { ...panel, progress } }) : still(state);
}

export function ended(state: State, { ending }: Of<'ended'>): Step {
  const { panel } = state;
  if (panel === undefined || panel.stage === 'scope' || panel.stage === 'ended') return still(state);
  const { place, order, dryRun, plan } = panel;
  // what has changed is to be seen at once
  const [next, effects] = lookNow(
    { ...state, panel: { stage: 'ended', place, order, dryRun, plan, scroll: 0, ending } },
    place,
  );
  return [next, effects];
}

function lookNow(state: State, name: string): Step {
  const place = state.places.find((one) => one.name === name);
  if (place === undefined || place.looking) return still(state);
  const looking = (one: Place): Place => (one === place ? { ...one, looking: true } : one);
  return [{ ...state, places: state.places.map(looking) }, [{ type: 'look', place: name }]];
}
