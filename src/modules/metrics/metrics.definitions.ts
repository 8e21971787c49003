import { makeCounterProvider, makeGaugeProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import type { Clock } from '../../common/clock.js';
import type { Bulkhead } from '../../common/resilience/bulkhead.js';
import { ResponseCache } from '../cache/response-cache.js';
import { CLOCK } from '../config/config.tokens.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { OpenTunnels } from '../websocket/open-tunnels.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { Tally } from './tally.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every metric of the gateway. Labels come from the configuration and from fixed sets, never from a request. */
export const METRICS = {
  requests: 'breakwater_requests_total',
  requestDuration: 'breakwater_request_duration_seconds',
  cacheRequests: 'breakwater_cache_requests_total',
  cacheBytes: 'breakwater_cache_bytes',
  cachePurged: 'breakwater_cache_purged_total',
  cacheCorrupt: 'breakwater_cache_corrupt_total',
  cacheBackendUp: 'breakwater_cache_backend_up',
  redisFailures: 'breakwater_redis_failures_total',
  authFailures: 'breakwater_auth_failures_total',
  jwksRefresh: 'breakwater_jwks_refresh_total',
  deniedTokens: 'breakwater_denied_tokens',
  denylistInStep: 'breakwater_denylist_in_step',
  upstreamRequests: 'breakwater_upstream_requests_total',
  upstreamDuration: 'breakwater_upstream_duration_seconds',
  retries: 'breakwater_retries_total',
  retryBudgetExhausted: 'breakwater_retry_budget_exhausted_total',
  hedges: 'breakwater_hedges_total',
  targetUp: 'breakwater_target_up',
  targetEjections: 'breakwater_target_ejections_total',
  targetPanics: 'breakwater_target_panics_total',
  dnsFailures: 'breakwater_dns_failures_total',
  bulkheadInFlight: 'breakwater_bulkhead_in_flight',
  bulkheadLimit: 'breakwater_bulkhead_limit',
  bulkheadQueued: 'breakwater_bulkhead_queued',
  webSockets: 'breakwater_websocket_connections',
  webSocketsClosed: 'breakwater_websocket_closed_total',
  breakerState: 'breakwater_breaker_state',
  breakerTransitions: 'breakwater_breaker_transitions_total',
  breakerRejections: 'breakwater_breaker_rejections_total',
} as const;

export const metricProviders = [
  makeCounterProvider({
    name: METRICS.requests,
    help: 'Requests by route, method, status code and outcome',
    labelNames: ['route', 'method', 'status', 'outcome'],
    collect: () => Tally.handOver(),
  }),
  makeHistogramProvider({
    name: METRICS.requestDuration,
    help: 'Seconds from the head of a request to the end of its answer',
    labelNames: ['route', 'method'],
    buckets: SECONDS,
    collect: () => Tally.handOver(),
  }),
  makeCounterProvider({
    name: METRICS.cacheRequests,
    help: 'Requests on routes with a cache, by result: hit, stale, revalidated, miss or bypass',
    labelNames: ['route', 'result'],
  }),
  makeGaugeProvider({
    name: METRICS.cacheBytes,
    help: 'Memory that stored responses take',
    inject: [ResponseCache],
    collect(cache: ResponseCache) {
      this.set(cache.bytes);
    },
  }),
  makeCounterProvider({ name: METRICS.cachePurged, help: 'Stored responses that operators dropped' }),
  makeCounterProvider({
    name: METRICS.cacheCorrupt,
    help: 'Entries in Redis that were not what was written, and are gone',
  }),
  makeGaugeProvider({
    name: METRICS.cacheBackendUp,
    help: 'Whether Redis answers: 1 or 0; no series where none is configured',
    inject: [RedisConnection],
    collect(redis: RedisConnection) {
      if (redis.isConfigured) this.set(redis.isUp ? 1 : 0);
      else this.remove();
    },
  }),
  makeCounterProvider({
    name: METRICS.redisFailures,
    help: 'Commands that Redis did not do: timeout, disconnected, full or error',
    labelNames: ['reason'],
  }),
  makeCounterProvider({
    name: METRICS.upstreamRequests,
    help: 'Calls to an upstream by outcome',
    labelNames: ['upstream', 'outcome'],
    collect: () => Tally.handOver(),
  }),
  makeHistogramProvider({
    name: METRICS.upstreamDuration,
    help: 'Seconds from a call to an upstream to the end of its body',
    labelNames: ['upstream'],
    buckets: SECONDS,
    collect: () => Tally.handOver(),
  }),
  makeCounterProvider({
    name: METRICS.retries,
    help: 'Tries after the first, by what went wrong before',
    labelNames: ['upstream', 'reason'],
  }),
  makeCounterProvider({
    name: METRICS.retryBudgetExhausted,
    help: 'Retries that were not made because the budget had no room',
    labelNames: ['upstream'],
  }),
  makeCounterProvider({
    name: METRICS.hedges,
    help: 'Second tries beside a slow first one: won, lost, failed (as the first did) or no_budget (not made)',
    labelNames: ['upstream', 'result'],
  }),
  makeGaugeProvider({
    name: METRICS.targetUp,
    help: 'Whether a target may be chosen: 1, or 0 when its probes fail or it is ejected',
    labelNames: ['upstream', 'target'],
    inject: [UpstreamRegistry, CLOCK],
    collect(upstreams: UpstreamRegistry, clock: Clock) {
      for (const { id, targets } of upstreams.all()) {
        for (const target of targets.all) {
          this.set({ upstream: id, target: target.name }, target.isAvailable(clock.now()) ? 1 : 0);
        }
      }
    },
  }),
  makeCounterProvider({
    name: METRICS.targetEjections,
    help: 'Times a target was left alone because its tries kept failing',
    labelNames: ['upstream', 'target'],
  }),
  makeCounterProvider({
    name: METRICS.targetPanics,
    help: 'Tries that went to any target because none was available',
    labelNames: ['upstream'],
  }),
  makeCounterProvider({
    name: METRICS.dnsFailures,
    help: 'Look-ups of the host of a target that brought no address',
    labelNames: ['upstream', 'target'],
  }),
  bulkheadGauge(
    METRICS.bulkheadInFlight,
    'Calls that hold a place in the bulkhead',
    ({ inFlight }) => inFlight,
  ),
  bulkheadGauge(
    METRICS.bulkheadLimit,
    'Most calls at a time, as of now: less than `concurrent` after an outage or with `adaptive`',
    ({ limit }) => limit,
  ),
  bulkheadGauge(
    METRICS.bulkheadQueued,
    'Calls that wait for a place in the bulkhead',
    ({ queued }) => queued,
  ),
  makeGaugeProvider({
    name: METRICS.webSockets,
    help: 'WebSockets that are open',
    labelNames: ['route'],
    inject: [OpenTunnels],
    collect(tunnels: OpenTunnels) {
      for (const [route, open] of tunnels.counts()) this.set({ route }, open);
    },
  }),
  makeCounterProvider({
    name: METRICS.webSocketsClosed,
    help: 'WebSockets that have ended, by who or what ended them',
    labelNames: ['route', 'reason'],
  }),
  makeGaugeProvider({
    name: METRICS.breakerState,
    help: 'State of the breaker: 0 closed, 1 half-open, 2 open',
    labelNames: ['upstream'],
  }),
  makeCounterProvider({
    name: METRICS.breakerTransitions,
    help: 'State changes of the breaker',
    labelNames: ['upstream', 'from', 'to', 'reason'],
  }),
  makeCounterProvider({
    name: METRICS.breakerRejections,
    help: 'Calls rejected by an open breaker',
    labelNames: ['upstream'],
  }),
  makeCounterProvider({
    name: METRICS.authFailures,
    help: 'Requests that were not let in, by reason',
    labelNames: ['reason'],
  }),
  makeCounterProvider({
    name: METRICS.jwksRefresh,
    help: 'Fetches of the keys of a token issuer',
    labelNames: ['provider', 'result'],
  }),
  makeGaugeProvider({ name: METRICS.deniedTokens, help: 'Tokens that are denied before they expire' }),
  makeGaugeProvider({
    name: METRICS.denylistInStep,
    help: 'Whether the list of denied tokens is the one in Redis: 1, or 0 while the last known one is used',
  }),
];

/** Read at each scrape. */
function bulkheadGauge(name: string, help: string, read: (bulkhead: Bulkhead) => number) {
  return makeGaugeProvider({
    name,
    help,
    labelNames: ['upstream'],
    inject: [UpstreamRegistry],
    collect(upstreams: UpstreamRegistry) {
      for (const { id, bulkhead } of upstreams.all()) this.set({ upstream: id }, read(bulkhead));
    },
  });
}
