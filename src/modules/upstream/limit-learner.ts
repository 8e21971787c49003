import { Readable } from 'node:stream';
import type { Clock } from '../../common/clock.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import { AdaptiveLimit } from '../../common/resilience/adaptive-limit.js';
import type { Bulkhead } from '../../common/resilience/bulkhead.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import type { Call } from './transport/call.js';
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

  /** @returns `onHead` of a try that starts now, with its latency recorded */
  timed(onHead: (call: Call) => void, { body }: UpstreamRequest): (call: Call) => void {
    const startedAt = this.clock.now();
    // The time of an upload is the client's.
    const isTimed = !(body instanceof Readable);
    return (call) => {
      if (call.status === UNAVAILABLE) this.adaptive.drop();
      else if (isTimed && !this.failureStatuses.has(call.status)) {
        this.adaptive.record(this.clock.now() - startedAt, this.bulkhead.inFlight);
      }
      this.bulkhead.narrow(this.adaptive.limit);
      onHead(call);
    };
  }

  /** Records the end of a try. */
  settled(outcome: Outcome): void {
    if (!OVERLOADED.has(outcome)) return;
    this.adaptive.drop();
    this.bulkhead.narrow(this.adaptive.limit);
  }
}
