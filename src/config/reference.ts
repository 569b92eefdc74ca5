import { JobctlError } from '../domain/errors.ts';

const references = /\$\{([^}]*)\}/g;

/**
 * Puts the values of environment variables in the place of `${NAME}`. Inside the `user:password@` of a URL they are
 * percent-encoded, so that a password may hold any character.
 * `path` and `origin` tell where the text stands: `contexts.prod.url`, `/srv/jobctl.yaml:4`.
 */
export function expand(text: string, env: NodeJS.ProcessEnv, path: string, origin: string): string {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/(.*)@/is.exec(text);
  const credentialsEnd = authority === null ? 0 : authority[0].length;
  return text.replace(references, (_all, name: string, offset: number) => {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new JobctlError('usage', `${path} names no variable in \${…} (${origin}).`, {
        next: ['Write ${NAME}: letters, digits and _.'],
      });
    }
    const value = env[name];
    if (value === undefined || value === '') {
      throw new JobctlError('usage', `The environment variable ${name} is not set; ${path} needs it (${origin}).`, {
        next: [`export ${name}=…`],
      });
    }
    return offset < credentialsEnd ? encodeURIComponent(value) : value;
  });
}
