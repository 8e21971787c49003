import type { ConfigPath } from '../config-path.js';

/** Keys that are part of Breakwater's configuration but not of this version, by the place they go. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  'routes.*': ['rateLimit'],
};

/** @returns the message for a key that this version knows of but does not serve */
export function keyNotServedYet(mapping: ConfigPath, key: string): string | undefined {
  return KEYS[placeOf(mapping)]?.includes(key) ? notServedYet(`\`${key}\``) : undefined;
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
