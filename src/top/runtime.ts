import { JobctlError } from '../domain/errors.ts';
import { Answers } from './ask.ts';
import type { Desk } from './desk.ts';
import type { Effect, Message } from './messages.ts';
import type { Ending, State } from './model.ts';
import { update } from './state.ts';

export interface World {
  readonly desks: readonly Desk[];
  /** Milliseconds that only ever grow. */
  readonly clock: () => number;
  draw(state: State): void;
  suspend(): void;
  exit(code: number): void;
}

export interface Runtime {
  dispatch(message: Message): void;
  /** Draws at once what is still to be drawn. */
  flush(): void;
  /** True while a write goes on or waits for its answer. */
  readonly busy: boolean;
  /** Ends a write after the batch in flight; resolves when it has ended. */
  stop(): Promise<void>;
}

const TICK_MS = 1000;
type Reply = { readonly yes: boolean; readonly text?: string | undefined } | undefined;

/** Performs the effects and feeds back what came of them. Nothing in here decides anything. */
export function startRuntime(first: State, world: World): Runtime & { close(): void } {
  const { desks, clock } = world;
  const answers = new Answers();
  let state = first;
  let drawing = false;
  let closed = false;
  let stop = new AbortController();
  let reply: ((reply: Reply) => void) | undefined;
  let acting: Promise<void> | undefined;

  const deskOf = (name: string): Desk => desks.find((desk) => desk.name === name) as Desk;

  const flush = (): void => {
    if (drawing && !closed) world.draw(state);
    drawing = false;
  };

  /** Several changes of one moment are one frame. */
  const draw = (): void => {
    if (drawing) return;
    drawing = true;
    setImmediate(flush);
  };

  const dispatch = (message: Message): void => {
    if (closed) return;
    const [next, effects] = update(state, message);
    state = next;
    draw();
    for (const effect of effects) perform(effect);
  };

  const perform = (effect: Effect): void => {
    switch (effect.type) {
      case 'look':
        void look(effect.place);
        break;
      case 'ask':
        void ask(effect);
        break;
      case 'forget':
        answers.forget(effect.ticket);
        break;
      case 'unlock':
        for (const desk of desks) desk.unlock(effect.unlocked);
        break;
      case 'act':
        acting = act(effect).finally(() => {
          acting = undefined;
        });
        break;
      case 'reply':
        reply?.(effect);
        break;
      case 'stop':
        stop.abort();
        break;
      case 'suspend':
        world.suspend();
        break;
      case 'exit':
        world.exit(effect.code);
        break;
    }
  };

  const look = async (place: string): Promise<void> => {
    const begun = clock();
    try {
      const seen = await deskOf(place).look();
      dispatch({ type: 'looked', place, look: seen, at: clock(), tookMs: clock() - begun });
    } catch (error) {
      dispatch({ type: 'look-failed', place, message: messageOf(error), at: clock() });
    }
  };

  const ask = async ({ place, ticket, question }: Extract<Effect, { type: 'ask' }>): Promise<void> => {
    const begun = clock();
    try {
      const answer = await answers.ask(deskOf(place), ticket, question);
      dispatch({ type: 'answered', ticket, answer, at: clock(), tookMs: clock() - begun });
    } catch (error) {
      answers.forget(ticket);
      dispatch({ type: 'failed', ticket, message: messageOf(error), at: clock() });
    }
  };

  const question = (text: string, severe: boolean): Promise<Reply> =>
    new Promise((resolve) => {
      if (stop.signal.aborted) return resolve(undefined);
      reply = resolve;
      dispatch({ type: 'asked', question: text, severe });
    });

  const act = async ({ place, order, dryRun }: Extract<Effect, { type: 'act' }>): Promise<void> => {
    stop = new AbortController();
    const ending: Ending = await deskOf(place)
      .write(order, {
        dryRun,
        signal: stop.signal,
        plan: (plan) => dispatch({ type: 'planned', plan }),
        progress: (progress) => dispatch({ type: 'progressed', progress }),
        yesNo: async (text) => (await question(text, false))?.yes,
        text: async (text) => (await question(text, true))?.text,
      })
      .then((report) => (typeof report === 'string' ? { said: report } : { report }), failureOf);
    reply = undefined;
    dispatch({ type: 'ended', ending });
  };

  const timer = setInterval(() => dispatch({ type: 'tick', at: clock() }), TICK_MS);
  dispatch({ type: 'tick', at: clock() });
  return {
    dispatch,
    flush,
    get busy() {
      return acting !== undefined;
    },
    async stop() {
      stop.abort();
      reply?.(undefined);
      await acting;
    },
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}

function failureOf(error: unknown): Ending {
  if (error instanceof JobctlError && error.kind === 'cancelled') return { said: error.message };
  return { failure: messageOf(error), next: error instanceof JobctlError ? error.next : [] };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
