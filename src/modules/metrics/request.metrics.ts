import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import type { Clock } from '../../common/clock.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Exchange } from '../routing/exchange.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { METRICS } from './metrics.definitions.js';

const KNOWN_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
]);
/** nginx's code for a client that left before its answer. */
const CLIENT_CLOSED_REQUEST = 499;

/** Counts every request when its response closes, whoever answered it. */
@Injectable()
export class RequestMetrics implements OnModuleInit {
  constructor(
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(CLOCK) private readonly clock: Clock,
    @InjectMetric(METRICS.requests) private readonly requests: Counter,
    @InjectMetric(METRICS.requestDuration) private readonly duration: Histogram,
    @InjectMetric(METRICS.cacheRequests) private readonly cache: Counter,
  ) {}

  onModuleInit(): void {
    this.exchanges.finished.on((exchange) => this.record(exchange));
  }

  private record({ req, res, route: model, outcome = 'success', cacheResult, startedAt }: Exchange): void {
    const route = model?.id ?? 'none';
    // A method is the client's to choose; only known ones may become a series.
    const method = KNOWN_METHODS.has(req.method) ? req.method : 'OTHER';
    const status = outcome === 'client_gone' ? CLIENT_CLOSED_REQUEST : res.statusCode;
    this.requests.inc({ route, method, status, outcome });
    this.duration.observe({ route, method }, (this.clock.now() - startedAt) / 1000);
    if (cacheResult) this.cache.inc({ route, result: cacheResult });
  }
}
