import { Inject, Injectable } from '@nestjs/common';
import { Event } from '../../common/event.js';
import { normaliseHost, parseTarget } from '../../common/http/request-target.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { type ConfigApplier, ConfigStore } from '../config/config.store.js';
import type { GatewayConfig, RouteConfig } from '../config/gateway-config.js';
import { isSameConfig } from '../config/same-config.js';
import type { ResponseTap } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import { EVERYTHING, keyScope, resourceScope, routeScope, tagScope } from './cache-entry.js';
import { originName, resourceOf, type ResourceName } from './cache-key.js';
import { ResponseCache, type StoredEntry } from './response-cache.js';

/** RFC 9110 section 9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** What to list: the stored responses that any of these names. */
export interface ListRequest {
  readonly routes: readonly string[];
  /** Absolute, as clients write them. */
  readonly urls: readonly string[];
  /** Named by `Surrogate-Key` or `Cache-Tag`. */
  readonly tags: readonly string[];
}

/** What to drop. */
export interface PurgeRequest extends ListRequest {
  /** As `list` returns them. */
  readonly keys: readonly string[];
  readonly all: boolean;
}

const MAX_LISTED = 100;

/**
 * Drops stored responses: those that the answer to an unsafe method makes invalid, before the client receives the answer,
 * and on an operator's request, for all users and in all variants.
 */
@Injectable()
export class Invalidator implements ConfigApplier {
  /** A purge has dropped this many responses. */
  readonly purged = new Event<number>();
  private hasCache: boolean;

  constructor(
    @Inject(ResponseCache) private readonly cache: ResponseCache,
    @Inject(ConfigStore) private readonly config: ConfigStore,
  ) {
    this.hasCache = hasCache(config.current);
    config.register(this);
  }

  /** Routes that answer differently from now on lose what is stored for them; the others keep it. */
  prepare(next: GatewayConfig): () => void {
    const { routes } = this.config.current;
    const byId = new Map(next.routes.map((route) => [route.id, route]));
    const outdated = routes.filter((route) => route.cache && isOutdated(route, byId.get(route.id)));
    return () => {
      this.hasCache = hasCache(next);
      for (const { id } of outdated) this.cache.purge(routeScope(id));
    };
  }

  /** Watches an exchange of a route without a cache: it may write what another route caches. */
  watch(exchange: Exchange): void {
    const tap = this.hasCache ? this.tapFor(exchange) : undefined;
    if (tap) exchange.cache = { kind: 'bypass', status: undefined, tap };
  }

  /** @returns `undefined` for a safe method, which invalidates nothing */
  tapFor(exchange: Exchange): ResponseTap | undefined {
    if (SAFE_METHODS.has(exchange.req.method)) return undefined;
    return {
      onHead: ({ status, headers }) => {
        for (const each of invalidated(status, headers, resourceOf(exchange))) this.cache.invalidate(each);
        return undefined;
      },
    };
  }

  /**
   * @returns how many responses were dropped
   * @throws ProblemError on a URL that no client could ask for, before anything is dropped
   */
  purge(what: PurgeRequest): number {
    const scopes = [...scopesOf(what), ...what.keys.map(keyScope)];
    if (what.all) scopes.unshift(EVERYTHING);
    const dropped = scopes.reduce((sum, scope) => sum + this.cache.purge(scope), 0);
    this.purged.emit(dropped);
    return dropped;
  }

  /**
   * @returns what a purge would drop, at most 100 responses
   * @throws ProblemError on a URL that no client could ask for
   */
  list(what: ListRequest): StoredEntry[] {
    const found = scopesOf(what).map((scope) => this.cache.list(scope, MAX_LISTED));
    return found.flat().slice(0, MAX_LISTED);
  }
}

function hasCache({ routes }: GatewayConfig): boolean {
  return routes.some((route) => route.cache !== undefined);
}

/** What the stored responses of a route depend on, and who may get them. */
const DECISIVE = ['match', 'upstream', 'split', 'gather', 'rewrite', 'auth', 'cache', 'headers'] as const;

function isOutdated(before: RouteConfig, next: RouteConfig | undefined): boolean {
  if (before === next) return false;
  return !next || DECISIVE.some((key) => !isSameConfig(before[key], next[key]));
}

function scopesOf({ routes, urls, tags }: ListRequest): string[] {
  const resources = urls.map((url) => {
    const { authority = '', path, query } = parseTarget(url);
    return { origin: originName(authority, normaliseHost(authority)), target: path + query };
  });
  return [...routes.map(routeScope), ...resources.map(resourceScope), ...tags.map(tagScope)];
}

/**
 * RFC 9111 section 4.4: the answer to an unsafe method invalidates its target and what `Location` and
 * `Content-Location` name on the same origin.
 */
export function invalidated(status: number, headers: HeaderRecord, target: ResourceName): ResourceName[] {
  // Section 4.4: only a non-error answer, 2xx or 3xx.
  if (status < 200 || status >= 400) return [];
  const named = [headers['location'], headers['content-location']]
    .map((field) => (typeof field === 'string' ? resolve(field, target) : undefined))
    .filter((name) => name !== undefined);
  return [target, ...named];
}

function resolve(reference: string, from: ResourceName): ResourceName | undefined {
  const base = `http://${from.origin || 'unnamed'}${from.target}`;
  const url = URL.parse(reference, base);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  try {
    const { path, query } = parseTarget(url.pathname + url.search);
    // Either scheme: behind a TLS proxy the upstream writes https, although the gateway is called by http.
    const origin = originName(url.host, normaliseHost(url.host));
    return origin === (from.origin || 'unnamed') ? { origin: from.origin, target: path + query } : undefined;
  } catch {
    return undefined;
  }
}
