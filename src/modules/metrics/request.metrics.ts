import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Counter, Histogram } from 'prom-client';
import type { Outcome } from '../../common/errors/outcomes.js';
import { SERVED_METHODS } from '../../common/http/head.js';
import type { CacheDecision } from '../routing/cache-decision.js';
import { type Exchange, routeLabelOf } from '../routing/exchange.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { Metrics } from './metrics.js';
import { SeriesBatch } from './series-batch.js';

const KNOWN_METHODS: ReadonlySet<string> = new Set(SERVED_METHODS);
/** nginx's code for a client that disconnected before its response was complete. */
const CLIENT_CLOSED_REQUEST = 499;

interface Series {
  readonly method: string;
  readonly status: number;
  readonly outcome: Outcome;
  readonly batch: SeriesBatch;
}

/**
 * Measures every request when its response closes, whoever answered it. Guards run before interceptors, so an
 * interceptor would miss each request that a guard refuses.
 */
@Injectable()
export class RequestMetrics implements OnModuleInit {
  private readonly requests: Counter;
  private readonly duration: Histogram;
  private readonly overhead: Histogram;
  private readonly cache: Counter;
  private readonly seriesByRoute = new Map<string, Series[]>();

  constructor(
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.requests = metrics.counter('breakwater_requests_total');
    this.duration = metrics.histogram('breakwater_request_duration_seconds');
    this.overhead = metrics.histogram('breakwater_overhead_duration_seconds');
    this.cache = metrics.counter('breakwater_cache_requests_total');
  }

  onModuleInit(): void {
    this.exchanges.finished.on((exchange) => this.record(exchange));
    this.exchanges.refused.on(({ exchange, status }) => {
      if (!exchange) this.requests.inc({ route: 'none', method: 'OTHER', status, outcome: 'rejected' });
    });
  }

  private record(exchange: Exchange): void {
    const { req, res, outcome = 'success', cache, startedAt, endedAt, trace } = exchange;
    const route = routeLabelOf(exchange);
    // Clients may invent methods; only known ones may become a series.
    const method = KNOWN_METHODS.has(req.method) ? req.method : 'OTHER';
    const status = outcome === 'client_gone' ? CLIENT_CLOSED_REQUEST : res.statusCode;
    const duration = endedAt - startedAt;
    const traceId = trace?.isSampled ? trace.traceId : undefined;
    const own = (duration - exchange.upstreamMs(endedAt)) / 1000;
    this.batchOf(route, method, status, outcome).observe(duration / 1000, traceId, own);
    if (cache?.status !== undefined) this.cache.inc({ route, result: resultOf(cache) });
  }

  private batchOf(route: string, method: string, status: number, outcome: Outcome): SeriesBatch {
    let series = this.seriesByRoute.get(route);
    if (!series) this.seriesByRoute.set(route, (series = []));
    // A route has few series, and most of its requests belong to the first.
    for (const each of series) {
      if (each.status === status && each.outcome === outcome && each.method === method) return each.batch;
    }
    const batch = new SeriesBatch({
      counter: this.requests,
      counterLabels: { route, method, status, outcome },
      histogram: this.duration,
      histogramLabels: { route, method },
      own: { histogram: this.overhead, labels: { route } },
    });
    series.push({ method, status, outcome, batch });
    return batch;
  }
}

function resultOf(cache: CacheDecision): string {
  if (cache.kind === 'hit') return cache.result;
  return cache.kind === 'forward' ? 'miss' : 'bypass';
}
