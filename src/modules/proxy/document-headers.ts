import { deltaSeconds, parseCacheControl } from '../../common/http/cache-control.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { isForAnyCredentials, type ResponseDirectives, responseDirectives } from '../cache/directives.js';
import { explicitLifetime, initialAge } from '../cache/freshness.js';
import type { RouteCacheConfig } from '../config/gateway-config.js';

export interface DocumentContext {
  /** That of the route, whose `ttl` is the lifetime of parts that have none. */
  readonly policy: RouteCacheConfig | undefined;
  /** The upstreams may judge the request by credentials. */
  readonly hasCredentials: boolean;
  /** Milliseconds since the epoch. */
  readonly wall: number;
}

/**
 * Makes the headers of a document of those of its parts. No cache may do more with the document than with each part: the
 * shortest lifetime counts, and so does every restriction, while a permission has to come from all of them.
 *
 * @param parts headers of the responses, with lower-cased names
 */
export function documentHeaders(parts: readonly HeaderRecord[], context: DocumentContext): HeaderRecord {
  const varies = new Set(parts.map(({ vary }) => vary).filter((vary) => vary !== undefined));
  const forShared = parts.map((headers) => ({ headers, ...responseDirectives(headers) }));
  // Browsers do not read `CDN-Cache-Control`.
  const forBrowsers = parts.map((headers) => {
    return { headers, control: parseCacheControl(headers['cache-control']), targeted: false };
  });
  const isTargeted = forShared.some(({ targeted }) => targeted);
  return {
    'content-type': 'application/json',
    date: new Date(context.wall).toUTCString(),
    'cache-control': cacheControl(forBrowsers, context),
    'cdn-cache-control': isTargeted ? cacheControl(forShared, context) : undefined,
    vary: varies.size === 0 ? undefined : [...varies].join(', '),
  };
}

interface Part extends ResponseDirectives {
  readonly headers: HeaderRecord;
}

function cacheControl(parts: readonly Part[], context: DocumentContext): string | undefined {
  const says = (name: string) => parts.some(({ control }) => control.has(name));
  // Nothing can be validated: the document has no validator.
  const isPersonal = parts.some(({ headers }) => headers['set-cookie'] !== undefined);
  if (isPersonal || says('no-store') || says('no-cache')) return 'no-store';
  // RFC 9111 section 3.5: `s-maxage` and `must-revalidate` of one part would also share the others with any credentials.
  const isForAll = parts.every(({ control }) => isForAnyCredentials(control));
  const isPrivate = says('private') || (context.hasCredentials && !isForAll);
  const hasSharedLifetime = says('s-maxage') && isForAll && !isPrivate;
  const mustRevalidate = says('must-revalidate') && (isForAll || isPrivate);
  const isRevalidatedByShared = says('proxy-revalidate') || says('s-maxage') || says('must-revalidate');
  const field = [
    isPrivate && 'private',
    !isPrivate && parts.every(({ control }) => control.has('public')) && 'public',
    ...lifetimes(parts, context, isPrivate, hasSharedLifetime),
    mustRevalidate && 'must-revalidate',
    !isPrivate && !mustRevalidate && !hasSharedLifetime && isRevalidatedByShared && 'proxy-revalidate',
    staleWindow(parts, 'stale-if-error', context.policy?.staleIfError),
    staleWindow(parts, 'stale-while-revalidate', context.policy?.staleWhileRevalidate),
  ];
  return field.filter(Boolean).join(', ') || undefined;
}

/** RFC 9111 section 5.2.2.10: `s-maxage` replaces `max-age` for shared caches, and says nothing to browsers. */
function lifetimes(
  parts: readonly Part[],
  { policy, wall }: DocumentContext,
  isPrivate: boolean,
  hasSharedLifetime: boolean,
): (string | false)[] {
  const shortest = (isForUser: boolean) => {
    const each = parts.map(({ headers, control, targeted }) => {
      const directives = { control, targeted };
      const own = explicitLifetime({
        status: 200,
        headers,
        directives,
        isPrivate: isForUser,
        receivedAt: wall,
      });
      return own === undefined ? (policy?.ttl ?? 0) : Math.max(0, own - initialAge(headers, 0));
    });
    return Math.floor(Math.min(...each) / 1000);
  };
  const states = (name: string) => parts.some(({ control }) => control.has(name));
  const isStated =
    states('max-age') || parts.some(({ headers, targeted }) => !targeted && headers['expires'] !== undefined);
  if (hasSharedLifetime) return [isStated && `max-age=${shortest(true)}`, `s-maxage=${shortest(false)}`];
  if (!isStated && !states('s-maxage')) return [];
  // Without `s-maxage`, shared caches obey `max-age` as well.
  return [`max-age=${isPrivate ? shortest(true) : Math.min(shortest(true), shortest(false))}`];
}

/** RFC 5861. Parts that state none have the one of the route. */
function staleWindow(
  parts: readonly Part[],
  name: 'stale-if-error' | 'stale-while-revalidate',
  configured = 0,
): string | undefined {
  const stated = parts.map(({ control }) => deltaSeconds(control, name));
  if (stated.every((seconds) => seconds === undefined)) return undefined;
  return `${name}=${Math.min(...stated.map((seconds) => seconds ?? Math.floor(configured / 1000)))}`;
}
