import { jsonParts } from '../../common/json-parts.js';
import type { GatewayConfig } from './gateway-config.js';

const HIDDEN = '***';
/** Keys whose values may be secrets, whatever is in them. */
const SECRET = /secret|passw|token$|authorization|cookie|apikeys?$|credential/i;
/** The same in `options` of plugins, whose keys are not known. */
const OPTION_SECRET = /secret|pass|token|key|authorization|cookie|credential/i;
/** Maps of headers, whose values may be secrets. */
const HEADERS = /^(?:set|headers)$/;

/** @returns the JSON of the configuration in force with its defaults, without what may be a secret, as `jsonParts` does */
export function redactedJson(config: GatewayConfig): Iterable<string> {
  return jsonParts(config, (value, key, parent) => JSON.stringify(redact(value, key, parent)));
}

function redact(value: unknown, key: string, parent: string, secret = SECRET): unknown {
  if (Array.isArray(value)) return value.map((each) => redact(each, key, parent, secret));
  if (typeof value === 'object' && value !== null) {
    if (secret.test(key) && key !== 'tokens') return HIDDEN;
    const isHeaders = HEADERS.test(key);
    return Object.fromEntries(
      Object.entries(value).map(([name, each]: [string, unknown]) => [
        name,
        isHeaders && typeof each === 'string'
          ? HIDDEN
          : redact(each, name, key, name === 'options' ? OPTION_SECRET : secret),
      ]),
    );
  }
  if (typeof value !== 'string' || value === '') return value;
  // The key of `rateLimit` says what is counted.
  if (secret.test(key) || (key === 'key' && parent === 'tls') || key === 'publicKey') return HIDDEN;
  return withoutCredentials(value);
}

/** A URL may have a user and a password, and a key in its query. */
function withoutCredentials(text: string): string {
  if (!/^[a-z][a-z\d+.-]*:\/\//i.test(text)) return text;
  return text.replace(/\/\/[^/]*@/, `//${HIDDEN}@`).replace(/\?.*/, `?${HIDDEN}`);
}
