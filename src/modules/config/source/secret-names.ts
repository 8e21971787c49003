import { nearest } from '../nearest.js';
import type { ConfigPath } from '../problem.js';

const SECRET_NAME = /secret|pass|pwd|token|key|auth|bearer|cookie|credential|private|^hash$/i;
/** Keys of the gateway itself whose names sound like secrets. */
const HARMLESS: ReadonlySet<string> = new Set(['passes', 'keyPrefix', 'apiKeysFile', 'cookie', 'publicKey']);
/** What a rate limit counts by, whether CORS admits cookies, and the providers of a route. */
const HARMLESS_IN: Readonly<Record<string, string>> = {
  key: 'rateLimit',
  credentials: 'cors',
  auth: 'routes',
};
/** Keys whose values are text. In a mapping that is written there by mistake, everything is secret. */
const SECRET_TEXT = /^(?:secret|clientSecret|password|token)$/;
/** Long enough to be told from other keys when they are misspelt. */
const OFTEN_MISSPELT = ['secret', 'clientSecret', 'password'] as const;
const HEADERS: ReadonlySet<string> = new Set(['set', 'headers']);

/**
 * Whether the name of a key says that its value may be a secret. Plugins choose the names of their options, so an option is
 * also one when a key around it has such a name.
 *
 * @param path of a value that is neither a mapping nor a list
 */
export function mayBeSecret(path: ConfigPath): boolean {
  const names = path.filter((step) => typeof step === 'string');
  const [name = '', parent = ''] = names.toReversed();
  if (names[0] === 'plugins') return names.slice(2).some((each) => SECRET_NAME.test(each));
  if (SECRET_TEXT.test(parent)) return true;
  return SECRET_NAME.test(name) && !HARMLESS.has(name) && HARMLESS_IN[name] !== parent;
}

/** As `mayBeSecret`, where nobody needs to see the values of headers. */
export function mayBeSecretOrHeader(path: ConfigPath): boolean {
  const parent = path.filter((step) => typeof step === 'string').at(-2) ?? '';
  return HEADERS.has(parent) || mayBeSecret(path);
}

/** As `mayBeSecretOrHeader`, also for keys that nobody knows because they are misspelt. */
export function mayBeMisspeltSecret(path: ConfigPath): boolean {
  const name = path.at(-1);
  return (
    mayBeSecretOrHeader(path) || (typeof name === 'string' && nearest(name, OFTEN_MISSPELT) !== undefined)
  );
}

export function isPem(value: unknown): boolean {
  return typeof value === 'string' && value.includes('-----BEGIN');
}

/** Hides what is before the last `@`, also in a URL that is not well-formed. */
export function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/{0,2})?.*@/is, '$1***@');
}

/** As `withoutCredentials`, and without the query of a URL, which can have a key in it. */
export function withoutUrlSecrets(text: string): string {
  return withoutCredentials(text).replace(/^([a-z][a-z0-9+.-]*:\/\/[^?]*)\?.*/is, '$1?***');
}
