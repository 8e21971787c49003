import { Inject, Injectable } from '@nestjs/common';
import { Event } from '../../common/event.js';
import { normaliseHost, parseTarget } from '../../common/http/request-target.js';
import { EVERYTHING, keyScope, resourceScope, routeScope, tagScope } from './cache-entry.js';
import { originName } from './cache-key.js';
import { ResponseCache, type StoredEntry } from './response-cache.js';

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

/** Drops stored responses on an operator's request, for all users and in all variants. */
@Injectable()
export class Purger {
  /** A purge has dropped this many responses. */
  readonly purged = new Event<number>();

  constructor(@Inject(ResponseCache) private readonly cache: ResponseCache) {}

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

function scopesOf({ routes, urls, tags }: ListRequest): string[] {
  const resources = urls.map((url) => {
    const { authority = '', path, query } = parseTarget(url);
    return { origin: originName(authority, normaliseHost(authority)), target: path + query };
  });
  return [...routes.map(routeScope), ...resources.map(resourceScope), ...tags.map(tagScope)];
}
