/** The URL schemes by which a context names its backend. */
export const schemes = ['postgres', 'postgresql', 'redis', 'rediss', 'sqs', 'memory'] as const;

export const schemeOf = (url: string): string | undefined => /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();

const reference = /^(?:\$\{[A-Za-z_]\w*\})+$/;
const secretParameter = /[?&](?:password|passwd|sslpassword|sentinelpassword|secret|token|api_?key)=([^&#]*)/gi;

/** True when the text holds a password that is not a `${VARIABLE}`. */
export function hasLiteralPassword(url: string): boolean {
  const [, password] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#:]*:(.*)@[^@]*$/is.exec(url) ?? [];
  const secrets = [password, ...[...url.matchAll(secretParameter)].map((match) => match[1])];
  return secrets.some((secret) => secret !== undefined && secret !== '' && !reference.test(secret));
}

/** What is wrong with a backend URL as it stands in a file or a flag; undefined when nothing is. Never repeats the URL. */
export function faultOfUrl(url: string): string | undefined {
  if (hasLiteralPassword(url))
    return 'holds a password; put it in an environment variable and write ${VARIABLE} in its place';
  if (url.startsWith('${')) return undefined;
  return faultOfScheme(url);
}

export function faultOfScheme(url: string): string | undefined {
  const scheme = schemeOf(url);
  if (scheme === undefined || !schemes.some((known) => known === scheme)) {
    return 'must begin with postgres://, redis://, rediss://, sqs://REGION or memory:';
  }
  if (scheme === 'memory') return undefined;
  if (scheme === 'sqs')
    return /^sqs:\/\/[a-z]{2}(?:-[a-z]+)+-\d+(?:\/\S*)?$/i.test(url)
      ? undefined
      : 'must be sqs://REGION or sqs://REGION/PREFIX';
  return url.slice(scheme.length).startsWith('://') ? undefined : `must begin with ${scheme}://`;
}

/** The URL without user, password and parameters: safe to print, and the same for everyone who means that place. */
export function placeOf(url: string): string {
  const [bare = ''] = url.split(/[?#]/, 1);
  return bare
    .replace(/^([a-z][a-z0-9+.-]*:\/\/).*@/is, '$1')
    .replace(/\/$/, '')
    .replace(/^postgresql:/i, 'postgres:');
}
