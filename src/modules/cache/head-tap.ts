import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { ResponseTap } from '../routing/exchange.js';
import type { CacheEntry } from './cache-entry.js';
import { Keeper, type KeeperOptions } from './keeper.js';
import { describes, mergeHeaders } from './validation.js';

/** The answer to a HEAD makes the stored answer to a GET fresh again, or shows that it is outdated. */
export class HeadTap implements ResponseTap {
  private readonly keeper: Keeper;

  constructor(
    private readonly options: KeeperOptions,
    private readonly stored: CacheEntry,
  ) {
    this.keeper = new Keeper(options);
  }

  /** RFC 9111 section 4.3.5. */
  onHead(status: number, headers: HeaderRecord): undefined {
    if (status !== 200 || this.stored.status !== 200) return undefined;
    const { cache, key, exchange, clock } = this.options;
    const coming = describes(headers, this.stored.headers, this.stored.body.length)
      ? this.keeper.judge(200, mergeHeaders(this.stored.headers, headers, clock.wall()))
      : undefined;
    if (coming) this.keeper.put(coming, this.stored.body);
    else cache.drop(key, exchange);
    return undefined;
  }

  onData(): void {}

  onEnd(): void {}
}
