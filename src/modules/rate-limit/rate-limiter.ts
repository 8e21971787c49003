import { hash } from 'node:crypto';
import { TokenBucket } from '../../common/resilience/token-bucket.js';
import type { RateLimitConfig } from '../config/gateway-config.js';
import { Buckets } from './buckets.js';

/** Where a limit is written: in `server`, on a route, or at a handler of code. */
export interface LimitScope {
  readonly kind: 'server' | 'route' | 'handler';
  /** Id of the route, or name of the handler. */
  readonly name: string;
}

/** The state of one limit: its counts. It lives on over reloads that do not change the limit. */
export class RateLimiter {
  readonly policy: TokenBucket;
  readonly buckets: Buckets;
  /** Requests that it has rejected, or that it would have rejected as a shadow. */
  rejections = 0;

  constructor(
    /** The same for the same limit in every process and replica. */
    readonly id: string,
    readonly scope: LimitScope,
    { requests, per, burst }: Pick<RateLimitConfig, 'requests' | 'per' | 'burst'>,
  ) {
    this.policy = new TokenBucket(requests, per, burst);
    this.buckets = new Buckets(this.policy);
  }
}

/** A limit with other numbers begins to count anew; its mode may change. */
export function limiterId(
  { kind, name }: LimitScope,
  { requests, per, burst, key }: RateLimitConfig,
): string {
  return hash('sha256', JSON.stringify([kind, name, requests, per, burst, key]), 'base64url').slice(0, 22);
}
