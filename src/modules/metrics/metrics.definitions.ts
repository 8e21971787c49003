import type { FactoryProvider } from '@nestjs/common';
import { makeCounterProvider, makeGaugeProvider, makeHistogramProvider } from '@willsoto/nestjs-prometheus';
import { register, Registry } from 'prom-client';
import { TokenDenylist } from '../auth/denylist/token-denylist.service.js';
import { ResponseCache } from '../cache/response-cache.js';
import { PROCESS_ROLE, type ProcessRole } from '../config/config.tokens.js';
import { ConfigReloader } from '../config/reload/config-reloader.js';
import { RedisConnection } from '../redis/redis.connection.js';
import { BreakerSharing } from '../replicas/breaker-sharing.service.js';
import type { BreakerState } from '../upstream/breaker/breaker.types.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { OpenTunnels } from '../websocket/open-tunnels.js';
import { SeriesBatch } from './series-batch.js';
import { serverMetricProviders } from './server.definitions.js';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** The gateway's own share is well below a millisecond. */
const OWN_SECONDS = [0.0001, 0.00025, 0.0005, ...SECONDS];
const TARGET = ['upstream', 'target'];
const flush = () => SeriesBatch.flushAll();
const STATE_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

/**
 * How the values of several workers become one: `first` is the value of the primary, for what all processes share or only
 * the primary does. Counters and histograms are added up unless they say otherwise.
 */
type Aggregator = 'first' | 'sum' | 'min';

/**
 * Every metric of the gateway. Labels come from the configuration, from handlers of code and from fixed sets, never
 * from what a client sends. `RequestMetrics`, `UpstreamMetrics` and `EventMetrics` feed the counters; gauges are read at
 * each scrape.
 */
export const metricProviders = [
  batchedCounter('breakwater_requests_total', 'Requests by route, method, status code and outcome', [
    'route',
    'method',
    'status',
    'outcome',
  ]),
  batchedHistogram(
    'breakwater_request_duration_seconds',
    'Seconds from the head of a request to the end of its response',
    ['route', 'method'],
  ),
  makeHistogramProvider({
    name: 'breakwater_overhead_duration_seconds',
    help: 'Seconds of a request without those of its tries: time of the gateway, and of clients that send or read slowly',
    labelNames: ['route'],
    buckets: OWN_SECONDS,
    collect: flush,
  }),
  makeHistogramProvider({
    name: 'breakwater_handler_duration_seconds',
    help: 'Seconds that a handler of code took, where `MetricsInterceptor` measures it',
    labelNames: ['route'],
    buckets: SECONDS,
  }),
  batchedCounter('breakwater_upstream_requests_total', 'Tries to reach an upstream, by outcome', [
    'upstream',
    'outcome',
  ]),
  batchedHistogram(
    'breakwater_upstream_duration_seconds',
    'Seconds from the start of a try to the end of the upstream response',
    ['upstream'],
  ),
  counter('breakwater_retries_total', 'Retries, by the failure before them', ['upstream', 'reason']),
  counter('breakwater_retry_budget_exhausted_total', 'Retries that the retry budget prevented', ['upstream']),
  counter(
    'breakwater_hedges_total',
    'Second tries beside a slow first one: won, lost, failed (as did the first) or no_budget (not made)',
    ['upstream', 'result'],
  ),
  upstreamGauge(
    'breakwater_breaker_state',
    'State of the breaker: 0 closed, 1 half-open, 2 open',
    ({ breaker }) => STATE_VALUES[breaker.state],
    'first',
  ),
  counter(
    'breakwater_breaker_transitions_total',
    'State changes of the breaker',
    ['upstream', 'from', 'to', 'reason'],
    'first',
  ),
  counter('breakwater_breaker_rejections_total', 'Calls that an open breaker rejected', ['upstream']),
  upstreamGauge(
    'breakwater_bulkhead_in_flight',
    'Calls that wait for their response headers, and bodies in transfer beyond `streams`',
    ({ bulkhead }) => bulkhead.inFlight,
  ),
  upstreamGauge(
    'breakwater_bulkhead_streams',
    'Bodies in transfer, event streams and WebSockets',
    ({ bulkhead }) => bulkhead.streams,
  ),
  upstreamGauge(
    'breakwater_bulkhead_limit',
    'Current limit of concurrent calls: below `concurrent` after an outage or with `adaptive`',
    ({ bulkhead }) => bulkhead.limit,
  ),
  upstreamGauge(
    'breakwater_bulkhead_queued',
    'Calls that wait in the queue of the bulkhead',
    ({ bulkhead }) => bulkhead.queued,
  ),
  makeGaugeProvider({
    name: 'breakwater_target_up',
    help: 'Whether a target is available: 1, or 0 while its probes fail or until it passes the trial after an ejection',
    labelNames: TARGET,
    aggregator: 'first',
    inject: [UpstreamRegistry],
    collect(upstreams: UpstreamRegistry) {
      // A reload may have removed some.
      this.reset();
      for (const { id, targets } of upstreams.all()) {
        for (const target of targets.all) {
          this.set({ upstream: id, target: target.name }, target.isAvailable ? 1 : 0);
        }
      }
    },
  }),
  upstreamGauge(
    'breakwater_probes_ignored',
    'Whether health probes fail and are ignored, because none has passed since the start: 0 or 1',
    ({ probes }) => (probes.isIgnored ? 1 : 0),
    'first',
  ),
  makeHistogramProvider({
    name: 'breakwater_probe_duration_seconds',
    help: 'Seconds that the health probes of a target took',
    labelNames: TARGET,
    buckets: SECONDS,
  }),
  counter('breakwater_target_ejections_total', 'Ejections of a target after consecutive failures', TARGET),
  counter('breakwater_target_panics_total', 'Tries that went to any target because none was available', [
    'upstream',
  ]),
  counter('breakwater_dns_failures_total', 'Look-ups of the host of a target that found no address', TARGET),
  counter(
    'breakwater_cache_requests_total',
    'Requests on routes with a cache, by result: hit, stale, revalidated, miss or bypass',
    ['route', 'result'],
  ),
  makeGaugeProvider({
    name: 'breakwater_cache_bytes',
    help: 'Bytes of memory that stored responses take',
    inject: [ResponseCache],
    collect(cache: ResponseCache) {
      this.set(cache.bytes);
    },
  }),
  counter('breakwater_cache_purged_total', 'Stored responses that operators purged'),
  counter('breakwater_cache_corrupt_total', 'Entries in Redis that could not be read and were deleted'),
  makeGaugeProvider({
    name: 'breakwater_cache_backend_up',
    help: 'Whether Redis answers: 1 or 0; absent when none is configured',
    aggregator: 'min',
    inject: [RedisConnection],
    collect(redis: RedisConnection) {
      if (redis.isConfigured) this.set(redis.isUp ? 1 : 0);
      else this.remove();
    },
  }),
  makeGaugeProvider({
    name: 'breakwater_replicas',
    help: 'Replicas that share their breakers, this one included; 0 when this one shares none; absent without Redis',
    aggregator: 'first',
    inject: [RedisConnection, BreakerSharing],
    collect(redis: RedisConnection, sharing: BreakerSharing) {
      if (redis.isConfigured) this.set(sharing.live);
      else this.remove();
    },
  }),
  counter(
    'breakwater_redis_failures_total',
    'Redis commands that failed: timeout, disconnected, full or error',
    ['reason'],
  ),
  counter('breakwater_auth_failures_total', 'Requests that authentication refused, by reason', ['reason']),
  counter(
    'breakwater_ratelimit_rejections_total',
    'Requests beyond a rate limit: rejected (`mode="enforce"`), or let through (`mode="shadow"`)',
    ['route', 'key', 'mode'],
  ),
  counter(
    'breakwater_concurrency_rejections_total',
    'Requests beyond `requestsPerIp`, `requestsPerUser` or `streamsPerUser`',
    ['route', 'limit'],
  ),
  makeHistogramProvider({
    name: 'breakwater_plugin_duration_seconds',
    help: 'Seconds of calls of plugins, with what they have waited for',
    labelNames: ['plugin', 'kind'],
    buckets: OWN_SECONDS,
  }),
  counter('breakwater_plugin_failures_total', 'Calls of plugins that failed: error, timeout or result', [
    'plugin',
    'kind',
    'reason',
  ]),
  counter('breakwater_jwks_refresh_total', 'Fetches of the keys of a token issuer', ['provider', 'result']),
  makeGaugeProvider({
    name: 'breakwater_denied_tokens',
    help: 'Tokens that are denied before they expire',
    aggregator: 'first',
    inject: [TokenDenylist],
    collect(denylist: TokenDenylist) {
      this.set(denylist.size);
    },
  }),
  makeGaugeProvider({
    name: 'breakwater_denylist_in_step',
    help: 'Whether the list of denied tokens is the one in Redis: 1, or 0 while the last known one is used',
    aggregator: 'min',
    inject: [TokenDenylist],
    collect({ isInStep }: TokenDenylist) {
      if (isInStep === undefined) this.remove();
      else this.set(isInStep ? 1 : 0);
    },
  }),
  makeGaugeProvider({
    name: 'breakwater_websocket_connections',
    help: 'WebSockets that are open',
    labelNames: ['route'],
    inject: [OpenTunnels],
    collect(tunnels: OpenTunnels) {
      for (const [route, open] of tunnels.counts()) this.set({ route }, open);
    },
  }),
  counter('breakwater_websocket_closed_total', 'WebSockets that have ended, by who ended them and why', [
    'route',
    'reason',
  ]),
  ...serverMetricProviders,
  counter(
    'breakwater_config_reloads_total',
    'Reloads of the configuration, by result: applied, unchanged or failed',
    ['result'],
    'first',
  ),
  makeGaugeProvider({
    name: 'breakwater_workers',
    help: 'Workers that serve requests; absent without `server.workers`',
    aggregator: 'first',
    inject: [PROCESS_ROLE],
    collect(role: ProcessRole) {
      if (role !== 'primary') this.remove();
    },
  }),
  counter('breakwater_worker_exits_total', 'Workers that ended without being told to', [], 'first'),
  makeGaugeProvider({
    name: 'breakwater_config_last_success_timestamp_seconds',
    help: 'When the configuration was last read without an error, as seconds since 1970',
    aggregator: 'first',
    inject: [ConfigReloader],
    collect({ status }: ConfigReloader) {
      this.set(status.succeededAt.getTime() / 1000);
    },
  }),
  makeGaugeProvider({
    name: 'breakwater_config_info',
    help: 'Always 1; the labels name the revision in force and the hash of its file',
    aggregator: 'first',
    labelNames: ['revision', 'hash'],
    inject: [ConfigReloader],
    collect({ status: { revision, hash } }: ConfigReloader) {
      this.reset();
      this.set({ revision, hash }, 1);
    },
  }),
  makeGaugeProvider({
    name: 'breakwater_config_restart_required',
    help: 'Settings of the configuration that wait for a restart',
    aggregator: 'first',
    inject: [ConfigReloader],
    collect({ status }: ConfigReloader) {
      this.set(status.restartFor.length);
    },
  }),
];

function counter(name: string, help: string, labelNames: string[] = [], aggregator: Aggregator = 'sum') {
  return makeCounterProvider({ name, help, labelNames, aggregator });
}

function batchedCounter(name: string, help: string, labelNames: string[]) {
  return makeCounterProvider({ name, help, labelNames, collect: flush });
}

function batchedHistogram(name: string, help: string, labelNames: string[]) {
  return withExemplars(
    // It is one, under a wider type.
    makeHistogramProvider({
      name,
      help,
      labelNames,
      buckets: SECONDS,
      collect: flush,
      enableExemplars: true,
    }) as FactoryProvider,
  );
}

/**
 * prom-client makes metrics with exemplars only for a registry that writes OpenMetrics, and such a registry renames
 * counters when it writes. So it is one while the metric is made.
 */
function withExemplars({ useFactory, ...provider }: FactoryProvider): FactoryProvider {
  return {
    ...provider,
    useFactory: (...args: unknown[]): unknown => {
      register.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);
      try {
        return useFactory(...args);
      } finally {
        register.setContentType(Registry.PROMETHEUS_CONTENT_TYPE);
      }
    },
  };
}

/** @param read returns the value for one upstream */
function upstreamGauge(
  name: string,
  help: string,
  read: (upstream: UpstreamProxy) => number,
  aggregator: Aggregator = 'sum',
) {
  return makeGaugeProvider({
    name,
    help,
    aggregator,
    labelNames: ['upstream'],
    inject: [UpstreamRegistry],
    collect(upstreams: UpstreamRegistry) {
      // A reload may have removed some.
      this.reset();
      for (const upstream of upstreams.all()) this.set({ upstream: upstream.id }, read(upstream));
    },
  });
}
