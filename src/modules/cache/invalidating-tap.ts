import type { HeaderRecord } from '../../common/http/response-headers.js';
import type { ResponseTap } from '../routing/exchange.js';
import { invalidated, type ResourceName } from './invalidation.js';
import type { ResponseCache } from './response-cache.js';

/** Drops what the answer to an unsafe method makes invalid, before the client hears of it. */
export class InvalidatingTap implements ResponseTap {
  constructor(
    private readonly cache: ResponseCache,
    private readonly resource: ResourceName,
  ) {}

  onHead(status: number, headers: HeaderRecord): undefined {
    for (const each of invalidated(status, headers, this.resource)) this.cache.invalidate(each);
    return undefined;
  }

  onData(): void {}

  onEnd(): void {}
}
