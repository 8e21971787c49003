import type { RouteMatchConfig } from './gateway-config.js';

/** Two routes with the same key match the same requests. The order and the names of parameters do not matter. */
export function matchKey(match: RouteMatchConfig): string {
  return JSON.stringify([placeKey(match), [...effectiveMethods(match)].toSorted()]);
}

/** The same key without the methods. */
export function placeKey({ path, hosts, headers }: RouteMatchConfig): string {
  const shape = path.replaceAll(/\{[^}]*\}/g, '{}');
  const fields = Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([shape, [...new Set(hosts)].toSorted(), fields]);
}

/** RFC 9110 section 9.3.2: a resource that answers GET answers HEAD too. */
export function effectiveMethods({ methods }: RouteMatchConfig): ReadonlySet<string> {
  return new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
}
