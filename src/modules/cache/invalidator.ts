import { Inject, Injectable } from '@nestjs/common';
import { normaliseHost, parseTarget } from '../../common/http/request-target.js';
import type { HeaderRecord } from '../../common/http/response-headers.js';
import { ConfigStore } from '../config/config.store.js';
import type { Exchange, ResponseTap } from '../routing/exchange.js';
import { originName, resourceOf, type ResourceName } from './cache-key.js';
import { ResponseCache } from './response-cache.js';

/** RFC 9110 section 9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Drops the copies that the answer to an unsafe method makes invalid, before the client receives the answer. */
@Injectable()
export class Invalidator {
  private readonly hasCache: boolean;

  constructor(
    @Inject(ResponseCache) private readonly cache: ResponseCache,
    @Inject(ConfigStore) config: ConfigStore,
  ) {
    this.hasCache = config.current.routes.some((route) => route.cache !== undefined);
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
      onHead: (status, headers) => {
        for (const each of invalidated(status, headers, resourceOf(exchange))) this.cache.invalidate(each);
        return undefined;
      },
      onData: () => undefined,
      onEnd: () => undefined,
    };
  }
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
