import type { HeaderRecord } from '../../common/http/response-headers.js';
import { responseDirectives } from '../cache/directives.js';
import { explicitLifetime, initialAge } from '../cache/freshness.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';

/**
 * Makes the headers of a document of those of its parts. No part is stored for longer than its upstream allows, and what is
 * for one client keeps the whole out of shared caches.
 *
 * @param parts headers of the responses, with lower-cased names
 * @param policy of the route, whose `ttl` is the lifetime of parts that have none
 * @param wall milliseconds since the epoch
 */
export function documentHeaders(
  parts: readonly HeaderRecord[],
  policy: RouteCacheConfig | undefined,
  wall: number,
): HeaderRecord {
  const varies = new Set(parts.map(({ vary }) => vary).filter((vary) => vary !== undefined));
  return {
    'content-type': 'application/json',
    date: new Date(wall).toUTCString(),
    'cache-control': cacheControl(parts, policy, wall),
    vary: varies.size === 0 ? undefined : [...varies].join(', '),
  };
}

function cacheControl(
  parts: readonly HeaderRecord[],
  policy: RouteCacheConfig | undefined,
  wall: number,
): string | undefined {
  const directives = parts.map((headers) => responseDirectives(headers));
  const says = (name: string) => directives.some(({ control }) => control.has(name));
  // Nothing can be validated: the document has no validator.
  const isPersonal = parts.some((headers) => headers['set-cookie'] !== undefined);
  if (isPersonal || says('no-store') || says('no-cache')) return 'no-store';
  const lifetimes = parts.map((headers, i) => {
    const own = explicitLifetime({
      status: 200,
      headers,
      directives: directives[i] ?? responseDirectives(headers),
      isPrivate: policy?.per === 'user',
      receivedAt: wall,
    });
    return own === undefined ? undefined : Math.max(0, own - initialAge(headers, wall, 0));
  });
  const isStated = lifetimes.some((lifetime) => lifetime !== undefined);
  const shortest = Math.min(...lifetimes.map((lifetime) => lifetime ?? policy?.ttl ?? 0));
  const field = [says('private') && 'private', isStated && `max-age=${Math.floor(shortest / 1000)}`];
  return field.filter(Boolean).join(', ') || undefined;
}
