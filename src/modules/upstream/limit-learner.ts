import { Readable } from 'node:stream';
import type { Clock } from '../../common/clock.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import { AdaptiveLimit } from '../../common/resilience/adaptive-limit.js';
import type { Bulkhead } from '../../common/resilience/bulkhead.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import type { UpstreamRequest } from './upstream.types.js';

/** Outcomes that mean the upstream has more than it can do. */
const OVERLOADED: ReadonlySet<Outcome> = new Set(['deadline', 'try_timeout']);
const UNAVAILABLE = 503;

/** Records the tries of an upstream in an adaptive limit, and narrows the bulkhead to it. */
export class LimitLearner {
  private readonly adaptive: AdaptiveLimit;
  private readonly failureStatuses: ReadonlySet<number>;

  constructor(
    private readonly bulkhead: Bulkhead,
    { bulkhead: { concurrent }, breaker }: UpstreamConfig,
    private readonly clock: Clock,
  ) {
    this.adaptive = new AdaptiveLimit(concurrent, clock);
    this.failureStatuses = new Set(breaker.failureStatuses);
    bulkhead.narrow(this.adaptive.limit);
  }

  /**
   * Records the response head of a try.
   *
   * @param startedAt monotonic milliseconds of the start of the try
   */
  recordHead(status: number, { body }: UpstreamRequest, startedAt: number): void {
    if (status === UNAVAILABLE) this.adaptive.drop();
    // The time of an upload is the client's.
    else if (!(body instanceof Readable) && !this.failureStatuses.has(status))
      this.adaptive.record(this.clock.now() - startedAt, this.bulkhead.inFlight);
    this.bulkhead.narrow(this.adaptive.limit);
  }

  recordTry(outcome: Outcome): void {
    if (!OVERLOADED.has(outcome)) return;
    this.adaptive.drop();
    this.bulkhead.narrow(this.adaptive.limit);
  }
}
