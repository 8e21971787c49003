import { Inject, Injectable } from '@nestjs/common';
import { Event } from '../../common/event.js';
import { normaliseHost, parseTarget } from '../../common/http/request-target.js';
import { originName, type ResourceName } from './invalidation.js';
import { ResponseCache, type StoredEntry } from './response-cache.js';

/** What to drop: what any of these names. */
export interface PurgeRequest {
  readonly routes: readonly string[];
  /** Absolute, as clients write them. */
  readonly urls: readonly string[];
  /** Of `Surrogate-Key` or `Cache-Tag`. */
  readonly tags: readonly string[];
  /** As `list` tells them. */
  readonly keys: readonly string[];
  readonly all: boolean;
}

export type ListRequest = Pick<PurgeRequest, 'routes' | 'urls' | 'tags'>;

/** More are not listed at once. */
const MAX_LISTED = 100;

/** Drops stored responses by order, every user's and every variant. */
@Injectable()
export class Purger {
  /** A purge has dropped this many responses. */
  readonly purged = new Event<number>();

  constructor(@Inject(ResponseCache) private readonly cache: ResponseCache) {}

  /**
   * @returns how many responses were dropped
   * @throws ProblemError on a URL that no client could ask for, and then nothing is dropped
   */
  purge({ routes, urls, tags, keys, all }: PurgeRequest): number {
    const resources = urls.map(resourceAt);
    let dropped = all ? this.cache.purge({ by: 'all' }) : 0;
    for (const route of routes) dropped += this.cache.purge({ by: 'route', route });
    for (const resource of resources) dropped += this.cache.purge({ by: 'url', resource });
    for (const tag of tags) dropped += this.cache.purge({ by: 'tag', tag });
    for (const key of keys) dropped += this.cache.purge({ by: 'key', key });
    this.purged.emit(dropped);
    return dropped;
  }

  /**
   * @returns what a purge would drop, at most 100 of it
   * @throws ProblemError on a URL that no client could ask for
   */
  list({ routes, urls, tags }: ListRequest): StoredEntry[] {
    const found = [
      ...routes.map((route) => this.cache.list({ by: 'route', route }, MAX_LISTED)),
      ...urls.map((url) => this.cache.list({ by: 'url', resource: resourceAt(url) }, MAX_LISTED)),
      ...tags.map((tag) => this.cache.list({ by: 'tag', tag }, MAX_LISTED)),
    ];
    return found.flat().slice(0, MAX_LISTED);
  }
}

function resourceAt(url: string): ResourceName {
  const { authority = '', path, query } = parseTarget(url);
  return { origin: originName(authority, normaliseHost(authority)), target: path + query };
}
