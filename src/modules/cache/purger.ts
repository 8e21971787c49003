import { Inject, Injectable } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter } from 'prom-client';
import { normaliseHost } from '../../common/http/host.js';
import { parseTarget } from '../../common/http/path.js';
import { CACHE_METRICS } from './cache.metrics.js';
import { originName } from './invalidation.js';
import { ResponseCache } from './response-cache.js';

/** What to drop: what any of these names. */
export interface PurgeRequest {
  readonly routes: readonly string[];
  /** Absolute, as clients write them. */
  readonly urls: readonly string[];
  /** Of `Surrogate-Key` or `Cache-Tag`. */
  readonly tags: readonly string[];
  readonly all: boolean;
}

/** Drops stored responses by order, every user's and every variant. */
@Injectable()
export class Purger {
  constructor(
    @Inject(ResponseCache) private readonly cache: ResponseCache,
    @InjectMetric(CACHE_METRICS.purged) private readonly purged: Counter,
  ) {}

  /**
   * @returns how many responses were dropped
   * @throws ProblemError on a URL that no client could ask for, and then nothing is dropped
   */
  purge({ routes, urls, tags, all }: PurgeRequest): number {
    const resources = urls.map((url) => {
      const { authority = '', path, query } = parseTarget(url);
      return { origin: originName(authority, normaliseHost(authority)), target: path + query };
    });
    let dropped = all ? this.cache.purge({ by: 'all' }) : 0;
    for (const route of routes) dropped += this.cache.purge({ by: 'route', route });
    for (const resource of resources) dropped += this.cache.purge({ by: 'url', resource });
    for (const tag of tags) dropped += this.cache.purge({ by: 'tag', tag });
    this.purged.inc(dropped);
    return dropped;
  }
}
