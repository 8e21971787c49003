import { Inject, Injectable } from '@nestjs/common';
import { ConfigStore } from '../config/config.store.js';
import type { Exchange } from '../routing/exchange.js';
import { resourceOf } from './cache-key.js';
import { InvalidatingTap } from './invalidating-tap.js';
import { isUnsafe } from './invalidation.js';
import { ResponseCache } from './response-cache.js';

/** Watches unsafe methods on every route: one may write what another one, with a cache, reads. */
@Injectable()
export class Invalidator {
  private readonly hasCache: boolean;

  constructor(
    @Inject(ResponseCache) private readonly cache: ResponseCache,
    @Inject(ConfigStore) config: ConfigStore,
  ) {
    this.hasCache = config.current.routes.some((route) => route.cache !== undefined);
  }

  watch(exchange: Exchange): void {
    if (this.hasCache) this.follow(exchange);
  }

  /** For what has a cache itself. */
  follow(exchange: Exchange): void {
    if (isUnsafe(exchange.req.method)) {
      exchange.tap = new InvalidatingTap(this.cache, resourceOf(exchange));
    }
  }
}
