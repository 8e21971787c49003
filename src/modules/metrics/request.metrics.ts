import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { InjectMetric } from '@willsoto/nestjs-prometheus';
import type { Counter, Histogram } from 'prom-client';
import type { Clock } from '../../common/clock.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import { CLOCK } from '../config/config.tokens.js';
import type { CacheDecision, Exchange } from '../routing/exchange.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { METRICS } from './metrics.definitions.js';
import { Tally } from './tally.js';

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

interface Series {
  readonly method: string;
  readonly status: number;
  readonly outcome: Outcome;
  readonly tally: Tally;
}

/** Counts every request when its response closes, whoever answered it. */
@Injectable()
export class RequestMetrics implements OnModuleInit {
  /** By route. */
  private readonly series = new Map<string, Series[]>();

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

  private record({ req, res, route: model, outcome = 'success', cache, startedAt }: Exchange): void {
    const route = model?.config.id ?? 'none';
    // A method is the client's to choose; only known ones may become a series.
    const method = KNOWN_METHODS.has(req.method) ? req.method : 'OTHER';
    const status = outcome === 'client_gone' ? CLIENT_CLOSED_REQUEST : res.statusCode;
    this.tallyOf(route, method, status, outcome).record((this.clock.now() - startedAt) / 1000);
    if (cache?.status !== undefined) this.cache.inc({ route, result: resultOf(cache) });
  }

  private tallyOf(route: string, method: string, status: number, outcome: Outcome): Tally {
    let known = this.series.get(route);
    if (!known) this.series.set(route, (known = []));
    // A route has few of them, and most requests are of the first.
    for (const each of known) {
      if (each.status === status && each.outcome === outcome && each.method === method) return each.tally;
    }
    const tally = new Tally({
      counter: this.requests,
      counted: { route, method, status, outcome },
      histogram: this.duration,
      timed: { route, method },
    });
    known.push({ method, status, outcome, tally });
    return tally;
  }
}

function resultOf(cache: CacheDecision): string {
  if (cache.kind === 'hit') return cache.result;
  return cache.kind === 'forward' ? 'miss' : 'bypass';
}
