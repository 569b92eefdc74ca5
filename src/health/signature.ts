import { createHash } from 'node:crypto';
import type { Job } from '../domain/job.ts';
import { normalised } from './normalised.ts';
import { ownFrame } from './own-frame.ts';

export interface Signature {
  /** `g-` and eight hexadecimal digits: the same today and tomorrow, on any machine. */
  readonly group: string;
  /** What the jobs of the group have in common, for the eye. */
  readonly text: string;
}

const maxMessage = 200;

/**
 * What a failure has in common with others of its kind: type, error class, the message without its variable parts, and
 * the place in the application's own code. Changing any rule here or below it changes every group's id.
 */
export function signature({ type, error }: Pick<Job, 'type' | 'error'>): Signature {
  if (error === undefined || (error.message.trim() === '' && error.class === undefined && !error.stack)) {
    return { group: idOf([type]), text: `${type}: no error text is stored` };
  }
  const { kind, message } = classAndMessage(error.class, error.message);
  const words = normalised(message).slice(0, maxMessage);
  const frame = error.stack === undefined ? undefined : ownFrame(error.stack);
  const what = [kind, words].filter(Boolean).join(': ') || 'error without a message';
  return {
    group: idOf([type, kind, words, frame ?? '']),
    text: `${type}: ${what}${frame === undefined ? '' : ` at ${frame}`}`,
  };
}

/** Many libraries store `Class: message` in one text; then the class is taken from there. */
function classAndMessage(
  given: string | undefined,
  message: string,
): { readonly kind: string; readonly message: string } {
  const text = message.trim();
  const [all = '', stated] =
    /^([A-Za-z_$][\w$.:]*(?:Error|Exception|Failure|Timeout|Fault|Exit|Interrupt)):\s+/.exec(text) ?? [];
  if (given === undefined || given === '')
    return stated === undefined ? { kind: '', message: text } : { kind: stated, message: text.slice(all.length) };
  if (stated !== undefined && (stated === given || given.endsWith(`.${stated}`) || stated.endsWith(`.${given}`)))
    return { kind: given, message: text.slice(all.length) };
  return { kind: given, message: text.startsWith(`${given}: `) ? text.slice(given.length + 2) : text };
}

/** JSON keeps the parts apart: no text can be moved from one into the next. */
const idOf = (parts: readonly string[]): string =>
  `g-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 8)}`;
