const hidden = '***';

/** Names whose value is a secret, at the end of a longer name too: `PGPASSWORD`, `X-Amz-Signature`, `client_secret`. */
const secretName =
  '(?:password|passwd|passphrase|pwd|pass|secret|secret[_-]?(?:access[_-]?)?key|api[_-]?key|access[_-]?key|private[_-]?key|token|authorization|auth|credentials?|sig|signature|cookie)';

// Each pattern starts only where a word starts, so that a megabyte without a match is read once, not once per letter.
// A quote ends a URL, except within its password, where a single one may stand as it is.
const password = '[^\\s/?#@:"\'`<>]*:[^\\s/?#"`<>]*@';
const url = `(?<![a-z0-9+.-])[a-z0-9][a-z0-9+.-]*:\\/\\/(?:${password})?[^\\s"'\`<>]+`;
const encodedUrl = '(?<![a-z0-9+.-])[a-z0-9][a-z0-9+.-]*%3a%2f%2f[^\\s"\'`<>&;]+';
const quoted = "'(?:\\\\.|''|[^'\\\\])*'|\"(?:\\\\.|[^\"\\\\])*\"";
const pair = `(?<![\\w.-])(?<name>[\\w.-]*${secretName})(?<equals>\\s*=\\s*)(?:${quoted}|[^\\s"'\`<>]+)`;
const member = `(?<key>"[\\w.-]*${secretName}\\\\?"\\s*:\\s*)(?:"(?:\\\\.|[^"\\\\])*"|[\\d.]+)`;
const header = '(?<scheme>(?<!\\w)(?:bearer|basic)\\s+)(?=[\\w+/.~-]*[\\d+/.=~-])[\\w+/.~-]{8,}=*';

const secrets = new RegExp(`(?<url>${url})|(?<encoded>${encodedUrl})|${pair}|${member}|${header}`, 'gi');
const parameter = new RegExp(`([?&;#][\\w.%-]*${secretName}=)[^&;#]*`, 'gi');
const secretFlag = new RegExp(`^--?[\\w-]*${secretName}$`, 'i');

interface Groups {
  readonly url?: string;
  readonly encoded?: string;
  readonly name?: string;
  readonly equals?: string;
  readonly key?: string;
  readonly scheme?: string;
}

/** Any text, with the passwords in its URLs, its `password=…` pairs and its authorization headers taken out. */
export const maskSecrets = (text: string): string =>
  text.replace(secrets, (...found) => {
    const { url, encoded, name, equals, key, scheme } = found.at(-1) as Groups;
    if (url !== undefined) return maskUrl(url);
    if (encoded !== undefined) return maskEncoded(encoded);
    if (name !== undefined) return `${name}${equals}${hidden}`;
    if (key !== undefined) return `${key}"${hidden}"`;
    return `${scheme}${hidden}`;
  });

/** One URL, as people write them: the password may hold an `@` or a `/` that should have been encoded. */
export function maskUrl(text: string): string {
  const [, start, scheme, rest] = /^(([^:/]*):\/\/)(.*)$/s.exec(text) ?? [];
  if (start === undefined || scheme === undefined || rest === undefined) return text;
  const at = userinfoEnd(rest, /^(https?|wss?)$/i.test(scheme));
  const user = at === -1 ? '' : maskUser(rest.slice(0, at), scheme);
  const tail = rest.slice(at === -1 ? 0 : at).replace(parameter, `$1${hidden}`);
  return `${start}${user}${tail.replace(/(%3a%2f%2f)[^&;#]*/gi, (nested) => maskNested(nested))}`;
}

/** The words of a command line. The value of a flag such as `--token` is taken out whole. */
export const maskArgv = (argv: readonly string[]): string[] =>
  argv.map((word, i) =>
    i > 0 && secretFlag.test(argv[i - 1] as string) && !word.startsWith('--') ? hidden : maskSecrets(word),
  );

/** Where the `@` behind the userinfo stands, or -1. */
function userinfoEnd(rest: string, web: boolean): number {
  const [authority = ''] = rest.split(/[/?#]/, 1);
  const [path = ''] = rest.split('?', 1);
  const inAuthority = authority.lastIndexOf('@');
  // A web address may well have an `@` in its path; the address of a server has not, so there it ends a password with a `/` in it.
  if (inAuthority !== -1) return web ? inAuthority : path.lastIndexOf('@');
  const [, port] = /^[^:[\]]*:(.*)$/.exec(authority) ?? [];
  if (port === undefined) return -1;
  if (!/^\d*$/.test(port)) return rest.lastIndexOf('@');
  return web ? -1 : path.lastIndexOf('@');
}

/** The name stays, unless it stands alone before a web address: there it is a token. The name of a variable is no secret. */
function maskUser(userinfo: string, scheme: string): string {
  const colon = userinfo.indexOf(':');
  if (/^\$\{\w+\}$/.test(userinfo.slice(colon + 1))) return userinfo;
  if (colon !== -1) return `${userinfo.slice(0, colon)}:${hidden}`;
  return /^https?$/i.test(scheme) ? hidden : userinfo;
}

/** A whole URL in percent-encoding, as it stands in another one's query. */
function maskEncoded(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    const masked = maskUrl(decoded);
    return masked === decoded ? text : encodeURIComponent(masked).replaceAll('%2A', '*');
  } catch {
    return `${text.slice(0, text.search(/%3a/i))}%3A%2F%2F${hidden}`;
  }
}

function maskNested(text: string): string {
  return maskEncoded(`x${text}`).slice(1);
}
