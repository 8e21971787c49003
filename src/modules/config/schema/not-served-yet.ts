import type { ConfigPath } from '../config-path.js';

/** Keys that are part of Breakwater's configuration but not of this version, by the place they go. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['redis'],
  management: ['token'],
  'auth.*': ['jwksUri'],
  'upstreams.*': ['tls', 'http2'],
  'upstreams.*.fallback': ['stale', 'upstream'],
  'routes.*': ['split', 'mirror', 'rewrite', 'rateLimit', 'headers', 'websocket', 'fault'],
  'routes.*.auth': ['scopes', 'claims'],
};

/** Values of served keys that are not served yet. */
const VALUES: readonly { readonly place: string; readonly what: string; is(value: unknown): boolean }[] = [
  { place: 'auth.*.algorithms.*', what: '`EdDSA`', is: (value) => value === 'EdDSA' },
  { place: 'routes.*.auth.provider', what: 'a list of providers', is: Array.isArray },
];

/** @returns the message for a key that this version knows of but does not serve */
export function keyNotServedYet(mapping: ConfigPath, key: string): string | undefined {
  return KEYS[placeOf(mapping)]?.includes(key) ? notServedYet(`\`${key}\``) : undefined;
}

/** @returns the message for such a value of a key that is served */
export function valueNotServedYet(path: ConfigPath, value: unknown): string | undefined {
  const place = placeOf(path);
  const entry = VALUES.find((each) => each.place === place && each.is(value));
  return entry && notServedYet(entry.what);
}

export function notServedYet(what: string): string {
  return `${what} is part of Breakwater's configuration but not served by this version yet; remove it`;
}

/** `routes[3].auth` is `routes.*.auth`, and `defaults` is a place like any upstream. */
function placeOf([section, ...rest]: ConfigPath): string {
  if (section === undefined) return '';
  if (section === 'defaults') return ['upstreams.*', ...rest].join('.');
  const steps = rest.map((step, index) => {
    const isId = index === 0 && (section === 'auth' || section === 'upstreams');
    return isId || typeof step === 'number' ? '*' : step;
  });
  return [section, ...steps].join('.');
}
