import { stripVTControlCharacters } from 'node:util';
import { clock } from '../output/age.ts';
import { plural } from '../output/count-text.ts';
import type { Page } from '../output/page.ts';
import { textWidth } from '../output/text-width.ts';
import type { Desk } from './desk.ts';
import type { Place, Row, State } from './model.ts';
import { beginning, update } from './state.ts';
import { dot, type Look, signs } from './views/look.ts';
import { overviewLines } from './views/overview.ts';

/** One look at each context, without a screen. What cannot be reached is told beside what can. */
export async function lookOnce(desks: readonly Desk[], columns: number, filter?: string): Promise<State> {
  const first = beginning({
    places: desks,
    columns,
    rows: Number.MAX_SAFE_INTEGER,
    now: 0,
    everyMs: 0,
    unlocked: false,
    filter,
  });
  const messages = await Promise.all(
    desks.map((desk) =>
      desk.look().then(
        (look) => ({ type: 'looked', place: desk.name, look, at: 0, tookMs: 0 }) as const,
        (error: Error) => ({ type: 'look-failed', place: desk.name, message: error.message, at: 0 }) as const,
      ),
    ),
  );
  return messages.reduce((state, message) => update(state, message)[0], first);
}

/** The overview as text. */
export function onceText(state: State, look: Look, page: Page): string {
  const nowhere = { ...state, columns: page.width, cursor: { index: -1, top: 0 } };
  const heads = state.places.flatMap((place) => folded(headOf(place, look), page.width));
  return [...heads, ...overviewLines(nowhere, look)].map((line) => signs(look, line).trimEnd()).join('\n');
}

function headOf({ name, protected: isProtected, readOnly, look: seen, failure }: Place, look: Look): string[] {
  const { style, clean } = look;
  return [
    isProtected ? style.bad(`${clean(name)} PROTECTED`) : style.strong(clean(name)),
    ...(readOnly ? ['read-only'] : []),
    ...(failure === undefined ? [] : [style.bad(`NOT REACHED: ${clean(failure)}`)]),
    ...(seen === undefined ? [] : [`${seen.backend} ${seen.version}`, clock(seen.asOf)]),
    ...(seen?.workers === undefined ? [] : [`${plural(seen.workers.alive, 'worker')}, ${seen.workers.silent} silent`]),
  ];
}

/** On as many lines as it takes. */
function folded(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const longer = [...lines.slice(-1), part].join(dot);
    if (lines.length > 0 && textWidth(stripVTControlCharacters(longer)) <= width) lines[lines.length - 1] = longer;
    else lines.push(lines.length === 0 ? part : `  ${part}`);
  }
  return lines;
}

/** The same for a script: the worst queues first. */
export const onceJson = (state: State) => ({
  schemaVersion: 1,
  contexts: state.places.map((place) => contextJson(place, state.list)),
});

function contextJson({ name, protected: isProtected, readOnly, look, failure }: Place, list: readonly Row[]) {
  const queues = list.filter(({ place }) => place === name).map(queueJson);
  return {
    context: name,
    protected: isProtected,
    readOnly,
    ...(failure === undefined ? {} : { failure }),
    ...(look === undefined
      ? {}
      : {
          backend: look.backend,
          version: look.version,
          where: look.where,
          asOf: look.asOf,
          ...(look.workers === undefined
            ? {}
            : { workers: { alive: look.workers.alive, silent: look.workers.silent } }),
          pauses: look.pauses,
        }),
    queues,
  };
}

const queueJson = ({ stats, targetSeconds, workers, out, finding }: Row) => ({
  ...stats,
  ...(targetSeconds === undefined ? {} : { targetSeconds }),
  ...(workers === undefined ? {} : { workers }),
  ...(out === undefined ? {} : { outPerSecond: out }),
  ...(finding === undefined ? {} : { finding }),
});
