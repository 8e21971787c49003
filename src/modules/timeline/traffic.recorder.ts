import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { OUTCOMES } from '../../common/errors/outcomes.js';
import { Event } from '../../common/event.js';
import { CLOCK } from '../config/config.tokens.js';
import type { Exchange } from '../routing/exchange.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { bucketOf, BUCKETS } from './latency-buckets.js';
import { COUNTS, type TrafficSample } from './traffic-history.js';

const [REQUESTS, ERRORS, REJECTED, OVERLOADED, FALLBACKS, STALE, CACHED] = COUNTS.keys();
const SWITCHING_PROTOCOLS = 101;

/** The requests of an upstream in the current second. */
class Counter {
  counts = new Uint32Array(COUNTS.length);
  latencies = new Uint32Array(BUCKETS);
  isUsed = false;

  add(column: number | undefined): void {
    const at = column ?? 0;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }
}

/** Counts the requests of this process by upstream, and tells of them once a second. */
@Injectable()
export class TrafficRecorder implements OnModuleInit, OnApplicationShutdown {
  /** A second with requests is over. */
  readonly sampled = new Event<TrafficSample>();
  private readonly counters = new Map<string, Counter>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.exchanges.finished.on((exchange) => this.record(exchange));
    this.upstreams.removed.on(({ id }) => this.counters.delete(id));
    this.schedule();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
  }

  private record(exchange: Exchange): void {
    const { route, res, tries, failure, cache, fallback, outcome = 'success' } = exchange;
    const isStored = cache?.kind === 'hit';
    const upstream =
      failure?.upstream ?? tries[0]?.upstream ?? (isStored ? route?.config.upstream : undefined);
    // A guard has refused it, or it is no request to an upstream.
    if (upstream === undefined) return;
    let counter = this.counters.get(upstream);
    if (!counter) this.counters.set(upstream, (counter = new Counter()));
    counter.isUsed = true;
    counter.add(REQUESTS);
    const failed = failure?.outcome;
    if (failed === 'breaker_open') counter.add(REJECTED);
    else if (failed === 'bulkhead_full') counter.add(OVERLOADED);
    if (fallback) counter.add(FALLBACKS);
    else if (isStored && (failure || (tries.length > 0 && cache.result === 'stale'))) counter.add(STALE);
    else if (isStored && tries.length === 0) counter.add(CACHED);
    else if (isError(res.statusCode, outcome)) counter.add(ERRORS);
    // A tunnel lasts as long as its users like.
    if (res.statusCode === SWITCHING_PROTOCOLS) return;
    const bucket = bucketOf(this.clock.now() - exchange.startedAt);
    counter.latencies[bucket] = (counter.latencies[bucket] ?? 0) + 1;
  }

  /** Shortly after the end of each second. */
  private schedule(): void {
    this.timer = setTimeout(() => this.tell(), 1_000 - (this.clock.wall() % 1_000) + GRACE).unref();
  }

  private tell(): void {
    this.schedule();
    const second = Math.floor((this.clock.wall() - 2 * GRACE) / 1_000);
    const upstreams = [];
    for (const [upstream, counter] of this.counters) {
      if (!counter.isUsed) continue;
      const { counts, latencies } = counter;
      upstreams.push({ upstream, counts, latencies });
      this.counters.set(upstream, new Counter());
    }
    if (upstreams.length > 0) this.sampled.emit({ second, upstreams });
  }
}

/** Milliseconds. A timer may fire early by a part of one. */
const GRACE = 5;

function isError(status: number, outcome: keyof typeof OUTCOMES): boolean {
  const { guilty } = OUTCOMES[outcome];
  return status >= 500 || guilty === 'upstream' || guilty === 'gateway';
}
