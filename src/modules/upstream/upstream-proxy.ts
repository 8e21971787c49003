import type { Clock } from '../../common/clock.js';
import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { Event } from '../../common/event.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import { Breaker } from './breaker/breaker.js';
import { Call } from './transport/call.js';
import { Transport } from './transport/transport.js';
import { UpstreamError } from './upstream.error.js';
import type { UpstreamRequest, UpstreamResponse } from './upstream.types.js';

/** One call, over. */
export interface UpstreamCallEnd {
  readonly upstream: string;
  readonly method: string;
  readonly outcome: Outcome;
  /** Milliseconds from the call to its end, body included. */
  readonly durationMs: number;
}

/** A service behind the gateway: the long-lived state that every call to it goes through. */
export class UpstreamProxy {
  readonly ended = new Event<UpstreamCallEnd>();
  readonly rejected = new Event<{ readonly upstream: string }>();
  readonly breaker: Breaker;
  private readonly transport: Transport;
  private readonly failureStatuses: ReadonlySet<number>;

  constructor(
    readonly id: string,
    readonly config: UpstreamConfig,
    private readonly clock: Clock,
    random: () => number = Math.random,
  ) {
    this.transport = new Transport(config);
    this.failureStatuses = new Set(config.breaker.failureStatuses);
    this.breaker = new Breaker({
      upstream: id,
      config: config.breaker,
      health: config.health,
      trialTimeout: config.timeout,
      clock,
      random,
    });
  }

  /**
   * Sends a request: breaker, then the wire, with the deadline running.
   *
   * @returns the response as soon as its head is here
   * @throws UpstreamError when the breaker is open, or the call ends before a response head
   */
  send(request: UpstreamRequest): Promise<UpstreamResponse> {
    const permit = this.breaker.admit();
    if (!permit) return Promise.reject(this.rejection());
    const startedAt = this.clock.now();
    return new Promise((resolve, reject) => {
      const call = new Call(
        {
          upstream: this.id,
          timeout: request.timeout ?? this.config.timeout,
          signal: request.signal,
          failureStatuses: this.failureStatuses,
          onSettled: (outcome, detail) => {
            permit.settle(OUTCOMES[outcome].vote, outcome, detail);
            const durationMs = this.clock.now() - startedAt;
            this.ended.emit({ upstream: this.id, method: request.method, outcome, durationMs });
          },
        },
        resolve,
        reject,
      );
      this.transport.dispatch(request, call);
    });
  }

  /** `GET`s a path, for code that calls an upstream. */
  get(path: string, options: Omit<UpstreamRequest, 'method' | 'path'> = {}): Promise<UpstreamResponse> {
    return this.send({ ...options, method: 'GET', path });
  }

  /** Stops timers and ends connections. */
  async close(): Promise<void> {
    this.breaker.shutdown();
    await this.transport.destroy();
  }

  private rejection(): UpstreamError {
    this.rejected.emit({ upstream: this.id });
    return new UpstreamError(this.id, 'breaker_open', { retryAfterSeconds: this.breaker.retryAfterSeconds });
  }
}
