import { adviceOf, isSentence } from '../domain/advice.ts';
import { shellWord } from '../safety/shell-word.ts';

/** Which of the dead jobs of a queue; nothing given means all of them. */
export interface Narrowing {
  readonly ids?: readonly string[] | undefined;
  readonly group?: string | undefined;
  /** As `--error` takes it. */
  readonly error?: string | undefined;
}

/** Something to be done, as a person on a screen asks for it: the same that a command line says. */
export type Order =
  | { readonly verb: 'replay' | 'remove'; readonly queue: string; readonly narrow: Narrowing }
  | { readonly verb: 'export'; readonly queue: string; readonly narrow: Narrowing; readonly file: string }
  | { readonly verb: 'reset'; readonly queue: string; readonly narrow: Pick<Narrowing, 'ids'> }
  | { readonly verb: 'cancel'; readonly queue: string; readonly narrow: Pick<Narrowing, 'ids'> }
  | { readonly verb: 'pause' | 'resume'; readonly queue: string }
  | { readonly verb: 'undo' | 'go-on'; readonly run: string };

/** More ids than this are no line that anyone copies. */
const IDS_IN_A_LINE = 20;

/** The command that does the same, whole, to be copied. `place`: the flags that lead to the backend. */
export const commandOf = (order: Order, place: readonly string[]): string =>
  ['jobctl', ...wordsOf(order, place)].map(shellWord).join(' ');

/** A command of ours as it was advised, with these flags before its remark; other advice as it is. */
export function commandAt(advice: string, place: readonly string[]): string {
  if (!advice.startsWith('jobctl ') || isSentence(advice) || place.length === 0) return advice;
  const { command, remark } = adviceOf(advice);
  return `${command} ${place.map(shellWord).join(' ')}${remark}`;
}

/** The same word by word, without the program: for the audit. */
export const wordsOf = (order: Order, place: readonly string[]): string[] => [...words(order), ...place];

function words(order: Order): string[] {
  switch (order.verb) {
    case 'replay':
      return ['replay', order.queue, ...flags(order.narrow)];
    case 'remove':
      return isAll(order.narrow)
        ? ['purge', order.queue, '--state', 'dead']
        : ['remove', order.queue, '--state', 'dead', ...flags(order.narrow)];
    case 'export':
      return ['dlq', 'export', order.queue, ...flags(order.narrow), '--output', order.file];
    case 'reset':
      return ['reset', order.queue, ...flags(order.narrow)];
    case 'cancel':
      return ['job', 'cancel', ...(order.narrow.ids ?? [])];
    case 'undo':
      return ['undo', order.run];
    case 'go-on':
      return ['run', 'resume', order.run];
    default:
      return [order.verb, order.queue];
  }
}

export const isAll = ({ ids, group, error }: Narrowing): boolean =>
  ids === undefined && group === undefined && error === undefined;

function flags({ ids = [], group, error }: Narrowing): string[] {
  return [
    ...(ids.length > IDS_IN_A_LINE ? ['--id', '-'] : ids.flatMap((id) => ['--id', id])),
    ...(group === undefined ? [] : ['--group', group]),
    ...(error === undefined ? [] : ['--error', error]),
  ];
}
