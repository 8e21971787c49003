import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AuthProviders } from '../auth/auth-providers.js';
import { Invalidator } from '../cache/invalidator.js';
import { RedisStore } from '../cache/shared/redis-store.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { OpenTunnels } from '../websocket/open-tunnels.js';
import { Metrics } from './metrics.js';

/** Counts the events of the gateway's mechanisms, except for those at upstreams. */
@Injectable()
export class EventMetrics implements OnModuleInit {
  constructor(
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(Invalidator) private readonly invalidator: Invalidator,
    @Inject(RedisStore) private readonly store: RedisStore,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    const { metrics } = this;
    const closed = metrics.counter('breakwater_websocket_closed_total');
    this.tunnels.closed.on(({ route, reason }) => closed.inc({ route, reason }));
    const refused = metrics.counter('breakwater_auth_failures_total');
    this.providers.refused.on((reason) => refused.inc({ reason }));
    const keysRefreshed = metrics.counter('breakwater_jwks_refresh_total');
    this.providers.keysRefreshed.on(({ provider, result }) => keysRefreshed.inc({ provider, result }));
    const purged = metrics.counter('breakwater_cache_purged_total');
    this.invalidator.purged.on((count) => purged.inc(count));
    const corrupt = metrics.counter('breakwater_cache_corrupt_total');
    this.store.corrupted.on(() => corrupt.inc());
    const redisFailures = metrics.counter('breakwater_redis_failures_total');
    this.redis.failed.on((reason) => redisFailures.inc({ reason }));
  }
}
