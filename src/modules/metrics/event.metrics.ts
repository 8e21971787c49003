import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Counter, Histogram, type Metric, register } from 'prom-client';
import type { Outcome } from '../../common/errors/outcomes.js';
import { AuthProviders } from '../auth/auth-providers.js';
import { Invalidator } from '../cache/invalidator.js';
import { RedisStore } from '../cache/shared/redis-store.js';
import { RedisConnection } from '../redis/redis.connection.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { OpenTunnels } from '../websocket/open-tunnels.js';
import { SeriesBatch } from './series-batch.js';

/**
 * Counts the events of the gateway's mechanisms. Some series start at 0, since nobody can alert on a series that first
 * appears with an outage.
 */
@Injectable()
export class EventMetrics implements OnModuleInit {
  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(OpenTunnels) private readonly tunnels: OpenTunnels,
    @Inject(AuthProviders) private readonly providers: AuthProviders,
    @Inject(Invalidator) private readonly invalidator: Invalidator,
    @Inject(RedisStore) private readonly store: RedisStore,
    @Inject(RedisConnection) private readonly redis: RedisConnection,
  ) {}

  onModuleInit(): void {
    for (const upstream of this.upstreams.all()) {
      countTries(upstream);
      countBreaker(upstream);
      countTargets(upstream);
    }
    const closed = counter('breakwater_websocket_closed_total');
    this.tunnels.closed.on(({ route, reason }) => closed.inc({ route, reason }));
    const refused = counter('breakwater_auth_failures_total');
    this.providers.refused.on((reason) => refused.inc({ reason }));
    const keysRefreshed = counter('breakwater_jwks_refresh_total');
    this.providers.keysRefreshed.on(({ provider, result }) => keysRefreshed.inc({ provider, result }));
    const purged = counter('breakwater_cache_purged_total');
    this.invalidator.purged.on((count) => purged.inc(count));
    const corrupt = counter('breakwater_cache_corrupt_total');
    this.store.corrupted.on(() => corrupt.inc());
    const redisFailures = counter('breakwater_redis_failures_total');
    this.redis.failed.on((reason) => redisFailures.inc({ reason }));
  }
}

/** Routes and code make tries alike. */
function countTries({ id: upstream, tryEnded, retrier, hedger }: UpstreamProxy): void {
  const tries = counter('breakwater_upstream_requests_total');
  const duration = metric(Histogram, 'breakwater_upstream_duration_seconds');
  const batches = new Map<Outcome, SeriesBatch>();
  tryEnded.on(({ outcome, durationMs }) => {
    let batch = batches.get(outcome);
    if (!batch) {
      batch = new SeriesBatch(tries, { upstream, outcome }, duration, { upstream });
      batches.set(outcome, batch);
    }
    batch.observe(durationMs / 1000);
  });
  const retries = counter('breakwater_retries_total');
  retrier.retried.on((reason) => retries.inc({ upstream, reason }));
  const budgetExhausted = counter('breakwater_retry_budget_exhausted_total');
  budgetExhausted.inc({ upstream }, 0);
  retrier.budgetExhausted.on(() => budgetExhausted.inc({ upstream }));
  const hedges = counter('breakwater_hedges_total');
  hedger?.ended.on((result) => hedges.inc({ upstream, result }));
}

function countBreaker({ id: upstream, breaker, rejected }: UpstreamProxy): void {
  const transitions = counter('breakwater_breaker_transitions_total');
  breaker.transition.on(({ from, to, reason }) => transitions.inc({ upstream, from, to, reason }));
  const rejections = counter('breakwater_breaker_rejections_total');
  rejections.inc({ upstream }, 0);
  rejected.on((outcome) => {
    if (outcome === 'breaker_open') rejections.inc({ upstream });
  });
}

function countTargets({ id: upstream, targets }: UpstreamProxy): void {
  const ejections = counter('breakwater_target_ejections_total');
  targets.ejected.on(({ name: target }) => ejections.inc({ upstream, target }));
  const panics = counter('breakwater_target_panics_total');
  panics.inc({ upstream }, 0);
  targets.panicked.on(() => panics.inc({ upstream }));
  const dnsFailures = counter('breakwater_dns_failures_total');
  for (const { name: target, addresses } of targets.all) {
    if (!addresses) continue;
    dnsFailures.inc({ upstream, target }, 0);
    addresses.failed.on(() => dnsFailures.inc({ upstream, target }));
  }
}

function counter(name: string): Counter {
  return metric(Counter, name);
}

/** @returns a metric of `metrics.definitions.ts`; Nest has made it, since it makes all providers before `onModuleInit` */
function metric<T extends Metric>(kind: new (...args: never[]) => T, name: string): T {
  const found = register.getSingleMetric(name);
  if (!(found instanceof kind)) throw new TypeError(`${name} is not a ${kind.name}`);
  return found;
}
