import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { ResponseTap, StoredResponse } from '../routing/exchange.js';
import type { CacheEntry } from './cache-entry.js';
import { Keeper, type KeeperOptions } from './keeper.js';
import { describes, mergeHeaders } from './validation.js';

/** Watches the answer to a HEAD or for a range, when there is a stored answer to the whole GET. */
export class PartTap implements ResponseTap {
  private readonly keeper: Keeper;

  constructor(
    private readonly options: KeeperOptions,
    private readonly stored: CacheEntry,
  ) {
    this.keeper = new Keeper(options);
  }

  onHead(status: number, headers: HeaderRecord): StoredResponse | undefined {
    const { exchange, policy } = this.options;
    const stale = policy.staleInsteadOf.includes(status) ? exchange.stale?.(status) : undefined;
    if (stale) return stale;
    if (exchange.req.method === 'HEAD' && status === 200 && this.stored.status === 200) this.update(headers);
    return undefined;
  }

  onData(): void {}

  onEnd(): void {}

  /** RFC 9111 section 4.3.5: the stored answer is fresh again, or outdated. */
  private update(headers: HeaderRecord): void {
    const { cache, key, exchange, clock } = this.options;
    const coming = describes(headers, this.stored.headers, this.stored.body.length)
      ? this.keeper.judge(200, mergeHeaders(this.stored.headers, headers, clock.wall()))
      : undefined;
    if (coming) this.keeper.put(coming, this.stored.body);
    else cache.drop(key, exchange);
  }
}
