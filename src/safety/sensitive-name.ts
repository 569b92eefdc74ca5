/**
 * Which field names hold secrets. A name is cut into words (`userPassword`, `user_password` and `USER-PASSWORD` alike) and counts
 * when its last words are one of these: `accessToken` is a secret, `tokens_used` and `secretary` are not.
 */
const defaults = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'token',
  'authorization',
  'auth',
  'cookie',
  'credential',
  'jwt',
  'bearer',
  'otp',
  'apikey',
  'accesskey',
  'accesskeyid',
  'privatekey',
  'secretkey',
  'secretaccesskey',
  'signingkey',
  'encryptionkey',
  'card',
  'cardnumber',
  'creditcard',
  'cvv',
  'cvc',
  'ssn',
];

/** These are unmistakable even where the words run together: `userpassword`, `dbpasswd`. */
const unmistakable =
  /(?:password|passwd|passphrase|apikey|privatekey|secretkey|accesstoken|refreshtoken|authtoken|cardnumber)s?$/;

export function sensitiveName(more: readonly string[] = []): (name: string, value?: unknown) => boolean {
  const own = new Set(more.map((name) => wordsOf(name).join('')));
  const names = new Set([...defaults, ...own]);
  const known = new Map<string, boolean>();
  const judge = (name: string): boolean => {
    const words = wordsOf(name);
    if (unmistakable.test(words.join(''))) return true;
    return words.some((_, i) => names.has(words.slice(i).join('')) || names.has(singular(words.slice(i).join(''))));
  };
  return (name, value) => {
    let sensitive = known.get(name);
    if (sensitive === undefined) {
      sensitive = judge(name);
      // Field names repeat from job to job; names that are data themselves must not fill the memory.
      if (known.size < 10_000) known.set(name, sensitive);
    }
    // `max_tokens: 4096` counts something.
    return sensitive && !(typeof value === 'number' && /tokens$/i.test(name));
  };
}

const singular = (name: string): string => name.replace(/s$/, '');

const wordsOf = (name: string): string[] =>
  name
    .slice(0, 200)
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
