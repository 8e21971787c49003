import { Readable } from 'node:stream';
import type { Clock } from '../../common/clock.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import { AdaptiveLimit } from '../../common/resilience/adaptive-limit.js';
import type { Bulkhead } from '../../common/resilience/bulkhead.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import type { Call } from './transport/call.js';
import type { UpstreamRequest } from './upstream.types.js';

const TOO_MUCH: ReadonlySet<Outcome> = new Set(['deadline', 'try_timeout']);
const UNAVAILABLE = 503;

/** Tells an adaptive limit how tries fare, and the bulkhead what the limit is. */
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

  /** @returns `onHead` of a try that starts now, listened to */
  timed(onHead: (call: Call) => void, { body }: UpstreamRequest): (call: Call) => void {
    const startedAt = this.clock.now();
    // How long an upload takes is up to the client.
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

  /** A try is over. */
  settled(outcome: Outcome): void {
    if (!TOO_MUCH.has(outcome)) return;
    this.adaptive.drop();
    this.bulkhead.narrow(this.adaptive.limit);
  }
}
