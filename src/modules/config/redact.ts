import { jsonParts } from '../../common/json-parts.js';
import type { GatewayConfig } from './gateway-config.js';
import type { ConfigPath } from './problem.js';
import { isPem, mayBeSecretOrHeader, withoutUrlSecrets } from './source/secret-names.js';

const HIDDEN = '***';

/** @returns the JSON of the configuration in force with its defaults, without what may be a secret, as `jsonParts` does */
export function redactedJson(config: GatewayConfig): Iterable<string> {
  return jsonParts(config, (value, path) => JSON.stringify(redact(value, path)));
}

function redact(value: unknown, path: ConfigPath): unknown {
  if (Array.isArray(value)) return value.map((each) => redact(each, path));
  if (typeof value === 'object' && value !== null) {
    const entries: [string, unknown][] = Object.entries(value);
    return Object.fromEntries(entries.map(([name, each]) => [name, redact(each, [...path, name])]));
  }
  const isText = typeof value === 'string' && value !== '';
  if (isPem(value) || ((isText || typeof value === 'number') && mayBeSecretOrHeader(path))) return HIDDEN;
  return isText ? withoutUrlSecrets(value) : value;
}
