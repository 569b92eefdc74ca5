/** A message is read this far: what tells one failure from another stands at its beginning. */
const maxRead = 4_000;

const month = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*';
const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*';
const zone = '(?:\\s?(?:Z|UTC|GMT)?(?:[+-]\\d\\d:?\\d\\d)?)?(?:\\s\\([A-Z][A-Za-z ]+\\))?';
const ipv6 =
  '(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,7}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?|::(?:[0-9a-f]{1,4}:){0,6}[0-9a-f]{1,4}';

/**
 * In this order: what contains others comes first. A status of HTTP stays, since 404 and 503 are different failures.
 * No pattern can take more than linear time: each begins where a word begins and repeats one class at a time.
 */
const rules: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[] = [
  [/(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}:\/\/[^\s"'`<>()[\]{},;]+/gi, (url) => urlShape(url)],
  [/(?<![\w.%+-])[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g, '<email>'],
  [
    /(?<![\w\\])"(?:\\.|[^"\\\n]){0,1000}"(?!\w)|(?<!\w)'[^'\n]{0,1000}'(?!\w)|`[^`'\n]{0,1000}[`'](?!\w)|[“«‘][^”»’\n]{0,1000}[”»’]/g,
    '<value>',
  ],
  [/(?<!\w)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\w)/gi, '<id>'],
  [
    new RegExp(`(?<!\\w)\\d{4}-\\d\\d-\\d\\d(?:[T ]\\d\\d:\\d\\d(?::\\d\\d(?:[.,]\\d+)?)?${zone})?(?!\\w)`, 'g'),
    '<time>',
  ],
  [
    new RegExp(
      `(?<!\\w)(?:${day},? )?(?:${month} \\d{1,2},?|\\d{1,2} ${month})(?: \\d{4})?,? \\d\\d:\\d\\d(?::\\d\\d)?${zone}`,
      'g',
    ),
    '<time>',
  ],
  [/(?<![\w:])\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?![\w:])/g, '<time>'],
  [/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?(?![\w.]*\w)/g, '<ip>'],
  [new RegExp(`\\[?(?<![\\w:.])(?:${ipv6})(?![\\w:])(?:\\]:\\d{1,5}|\\])?`, 'gi'), '<ip>'],
  [/(?<![\w./\\~])(?:[a-z]:|\\)\\[^\s"'<>|:,;()]+/gi, '<path>'],
  [
    /(?<![\w/<>])(?:~|\.{1,2})?(?:\/[\w.@%+~=-]+){2,}\/?(?::\d+){0,2}|(?<![\w/<>])(?:~|\.{1,2})?\/[\w@%+~=-]+\.\w+(?::\d+){0,2}/g,
    '<path>',
  ],
  [/(?<!\w)0x[0-9a-f]+(?!\w)/gi, '<hex>'],
  [
    /(?<!\w)(status(?: code)?|HTTP(?:\/\d(?:\.\d)?)?)([\s:=]{1,3})([1-5]\d\d)(?![\w.])/gi,
    (_all, word, between, status) => `${word.replace(/\/.*/, '')}${between}#${inLetters(status)}`,
  ],
  [
    /(?<![\w.])(?:\d+(?:\.\d+)?\s?(?:ms|µs|us|ns|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)\s?)+(?!\w)/gi,
    (found) => `<duration>${/\s$/.test(found) ? ' ' : ''}`,
  ],
  [/(?<![\w<])[\w-]*\d[\w-]*(?:[.,]\d[\w-]*)*(?![\w>])/g, (token) => tokenShape(token)],
  [/#([a-j]{3})(?!\w)/g, (_all, letters) => fromLetters(letters)],
  [/(<[a-z]+>)(?:[,;|]? ?(?:and )?\1)+/g, '$1, …'],
];

/** The message without what differs from one failure to the next of the same kind. */
export const normalised = (message: string): string =>
  rules
    .reduce(
      (text, [pattern, by]) => (typeof by === 'string' ? text.replace(pattern, by) : text.replace(pattern, by)),
      message.slice(0, maxRead).replace(/\s+/g, ' '),
    )
    .replace(/\s+/g, ' ')
    .trim();

/** A status hides from the rule for numbers as letters. */
const inLetters = (digits: string): string => digits.replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] as string);
const fromLetters = (letters: string): string =>
  letters.replace(/[a-j]/g, (letter) => String('abcdefghij'.indexOf(letter)));

/** Scheme, host and the words of the path; parameters, user, port and what looks like an id go. */
function urlShape(url: string): string {
  const [, scheme = '', rest = ''] = /^([^:]+:\/\/)(.*)$/s.exec(url) ?? [];
  const [place = ''] = rest.split(/[?#]/, 1);
  const [authority = '', ...path] = place.split('/');
  const host = authority
    .slice(authority.lastIndexOf('@') + 1)
    .replace(/:\d+$/, '')
    .toLowerCase();
  const shape = /^[\d.]+$|^\[/.test(host) ? '<ip>' : host.replace(/\d+/g, '<n>');
  const end = /[.:!]$/.exec(place)?.[0] ?? '';
  const words = path.map((word) =>
    /^(?:v\d{1,2}|[a-z][a-z._-]{0,30})?[.:!]?$/i.test(word) ? word.replace(/[.:!]$/, '') : '<id>',
  );
  return `${scheme.toLowerCase()}${[path.length === 0 ? shape.replace(/[.:!]$/, '') : shape, ...words].join('/')}${end}`;
}

/** `42` → `<n>`, `10MB` → `<n>MB`, `worker-12` → `worker-<n>`, `cus_N8sd92Ks` → `cus_<id>`, `3f9a2c71` → `<id>`. */
function tokenShape(token: string): string {
  const sign = /^-+/.exec(token)?.[0] ?? '';
  const word = token.slice(sign.length);
  if (/^\d+(?:[.,]\d+)*$/.test(word)) return '<n>';
  const unit = /^\d+(?:[.,]\d+)*([A-Za-z]{1,3})$/.exec(word)?.[1];
  if (unit !== undefined && !(word.length >= 7 && /^[0-9a-f]+$/i.test(word))) return `${sign}<n>${unit}`;
  const numbered = /^([A-Za-z][A-Za-z_-]*?)([-_]?)\d+(?:[.,]\d+)*$/.exec(word);
  // `upl_ad948372` is an upload, not number 948372 of something
  const hex = /^[0-9a-f]{7,}$|[_-](?=\d*[a-f])[0-9a-f]{7,}$/i.test(word);
  if (numbered !== null && !hex) return `${sign}${numbered[1]}${numbered[2]}<n>`;
  const [, prefix = ''] = /^([A-Za-z]{1,12}[_-])(?=.)/.exec(word) ?? [];
  return `${sign}${prefix}<id>`;
}
