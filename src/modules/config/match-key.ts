import type { RouteMatchConfig } from './gateway-config.js';

/** Two matches with the same key take the same requests: names of parameters and order don't matter. */
export function matchKey(match: RouteMatchConfig): string {
  return JSON.stringify([placeKey(match), [...effectiveMethods(match)].toSorted()]);
}

/** The same without the methods. */
export function placeKey({ path, hosts, headers }: RouteMatchConfig): string {
  const shape = path.replaceAll(/\{[^}]*\}/g, '{}');
  const fields = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([shape, [...new Set(hosts)].toSorted(), fields]);
}

/** RFC 9110 section 9.3.2: what answers GET answers HEAD. */
export function effectiveMethods({ methods }: RouteMatchConfig): ReadonlySet<string> {
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
}
