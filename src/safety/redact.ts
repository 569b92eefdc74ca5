import { payloadValue, toJson } from '../domain/payload.ts';
import { maskSecrets } from './mask.ts';
import { sensitiveName } from './sensitive-name.ts';

export interface RedactOptions {
  /** Field names in addition to the default ones, from the job type's configuration. */
  readonly fields?: readonly string[] | undefined;
  /** Dotted paths from the top of the payload, `*` for any one step: `customer.address`, `items.*.note`. */
  readonly paths?: readonly string[] | undefined;
  /** Also e-mail addresses inside texts. */
  readonly email?: boolean | undefined;
}

export const redacted = '[redacted]';

/** What is left of a path below the value at hand. */
type Tail = readonly string[];
type Container = Record<string, unknown> | unknown[];

interface Step {
  readonly from: Container;
  readonly to: Container;
  readonly tails: readonly Tail[];
}

const email = /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/gu;
/** JSON in a text in JSON in a text …: deeper than this it is only masked. */
const maxNesting = 4;

/**
 * Makes the function that takes secrets out of a payload's value. It returns a copy, with `[redacted]` in the place of each
 * secret; BigInts stay what they are. Depth does not matter: it keeps its own stack.
 */
export function redactor(options: RedactOptions = {}): (value: unknown) => unknown {
  const isSensitive = sensitiveName(options.fields);
  const paths = (options.paths ?? []).map((path) => path.split('.'));

  const textOf = (text: string, nesting: number): string => {
    const inner = nesting < maxNesting && /^\s*[[{]/.test(text) ? payloadValue(text) : text;
    if (typeof inner === 'object' && inner !== null) return innerText(text, inner, nesting);
    return redactText(text, options);
  };

  /** A text that is JSON itself stays exactly as it is when there is nothing to hide in it. */
  const innerText = (text: string, inner: object, nesting: number): string => {
    try {
      const before = toJson(inner);
      const after = toJson(copyOf(inner, [], nesting + 1));
      return before === after ? text : after;
    } catch {
      return redacted;
    }
  };

  const copyOf = (value: unknown, tails: readonly Tail[], nesting: number): unknown => {
    const stack: Step[] = [];
    const start = (from: unknown, left: readonly Tail[]): unknown => {
      if (typeof from === 'string') return textOf(from, nesting);
      if (!isContainer(from)) return from;
      const to: Container = Array.isArray(from) ? [] : {};
      stack.push({ from, to, tails: left });
      return to;
    };
    const top = start(value, tails);
    for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
      const named = !Array.isArray(step.from);
      for (const [key, item] of Object.entries(step.from)) {
        const left = step.tails.filter(([head]) => head === '*' || head === key).map((tail) => tail.slice(1));
        const hide = left.some((tail) => tail.length === 0) || (named && isSensitive(key, item));
        put(step.to, key, hide && holdsSomething(item) ? redacted : start(item, left));
      }
    }
    return top;
  };

  return (value) => copyOf(value, paths, 0);
}

/** For error messages and other plain texts. */
export function redactText(text: string, options: Pick<RedactOptions, 'email'> = {}): string {
  const masked = maskSecrets(text);
  return options.email === true ? masked.replace(email, redacted) : masked;
}

/** Null and booleans say whether there is a secret, never which. */
const holdsSomething = (value: unknown): boolean => value !== null && value !== undefined && typeof value !== 'boolean';

function isContainer(value: unknown): value is Container {
  if (Array.isArray(value)) return true;
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

/** A key named `__proto__` is data here like any other. */
function put(to: Container, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true });
  else (to as Record<string, unknown>)[key] = value;
}
