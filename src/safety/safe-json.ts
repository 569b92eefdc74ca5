import { toJson } from '../domain/payload.ts';

/** What JSON may hold as it is and a terminal must not get: DEL and C1 controls, bidi and invisible marks, line separators. */
const unsafe = /[\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;

/** JSON for stdout and stderr. Such characters stand within its strings alone, where an escape means the same. */
export const safeJson = (value: unknown, indent?: number): string =>
  toJson(value, indent).replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
