import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { OUTCOMES } from '../../common/errors/outcomes.js';
import { Event } from '../../common/event.js';
import { CLOCK } from '../config/config.tokens.js';
import { type Exchange, routeLabelOf } from '../routing/exchange.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { Overload, type OverloadReason } from '../server/overload/overload.service.js';
import { bucketOf, BUCKETS } from './latency-buckets.js';
import { RouteCounts } from './route-counts.js';
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

/** Counts the requests of this process by upstream and by route, and tells of them once a second. */
@Injectable()
export class TrafficRecorder implements OnModuleInit, OnApplicationShutdown {
  /** A second with requests is over. */
  readonly sampled = new Event<TrafficSample>();
  private readonly counters = new Map<string, Counter>();
  private readonly routes = new RouteCounts();
  /** By overload, in the current second. */
  private rejections: Record<OverloadReason, number> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(Overload) private readonly overload: Overload,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.exchanges.finished.on((exchange) => this.record(exchange));
    this.overload.rejected.on(({ reason }) => (this.rejections ??= { delay: 0, memory: 0 })[reason]++);
    this.upstreams.removed.on(({ id }) => this.counters.delete(id));
    this.schedule();
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
  }

  private record(exchange: Exchange): void {
    const { res, startedAt, endedAt } = exchange;
    const replacement = replacementOf(exchange);
    const hasFailed = replacement === undefined && isError(exchange);
    // A tunnel lasts as long as its users like.
    const isTunnel = res.statusCode === SWITCHING_PROTOCOLS;
    const bucket = isTunnel ? undefined : bucketOf(endedAt - startedAt);
    this.routes.add(routeLabelOf(exchange), hasFailed, bucket);
    const upstream = upstreamOf(exchange);
    // A guard has refused it, or it is no request to an upstream.
    if (upstream === undefined) return;
    let counter = this.counters.get(upstream);
    if (!counter) this.counters.set(upstream, (counter = new Counter()));
    counter.isUsed = true;
    counter.add(REQUESTS);
    const failed = exchange.failure?.outcome;
    if (failed === 'breaker_open') counter.add(REJECTED);
    else if (failed === 'bulkhead_full') counter.add(OVERLOADED);
    if (replacement !== undefined) counter.add(replacement);
    else if (hasFailed) counter.add(ERRORS);
    if (bucket !== undefined) counter.latencies[bucket] = (counter.latencies[bucket] ?? 0) + 1;
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
    const routes = this.routes.take();
    const { rejections } = this;
    this.rejections = undefined;
    if (routes.names.length > 0 || rejections)
      this.sampled.emit({ second, upstreams, routes, ...(rejections && { rejections }) });
  }
}

/** Milliseconds. A timer may fire early by a part of one. */
const GRACE = 5;

function upstreamOf({ failure, tries, cache, route }: Exchange): string | undefined {
  return (
    failure?.upstream ?? tries[0]?.upstream ?? (cache?.kind === 'hit' ? route?.config.upstream : undefined)
  );
}

/** @returns the column of what the caller got in place of the response to a call */
function replacementOf({ cache, fallback, failure, tries }: Exchange): number | undefined {
  if (fallback) return FALLBACKS;
  if (cache?.kind !== 'hit') return undefined;
  if (failure || (tries.length > 0 && cache.result === 'stale')) return STALE;
  return tries.length === 0 ? CACHED : undefined;
}

function isError({ res, outcome = 'success' }: Exchange): boolean {
  const { guilty } = OUTCOMES[outcome];
  return res.statusCode >= 500 || guilty === 'upstream' || guilty === 'gateway';
}
