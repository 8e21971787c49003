import { Readable } from 'node:stream';
import type { Clock } from '../../common/clock.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import { Event } from '../../common/event.js';
import { Bulkhead } from '../../common/resilience/bulkhead.js';
import { Deadline } from '../../common/resilience/deadline.js';
import type { HedgeConfig, UpstreamConfig } from '../config/gateway-config.js';
import { Admission } from './admission.js';
import { Breaker } from './breaker/breaker.js';
import { type Resolver, SystemResolver } from './dns/resolver.js';
import { LimitLearner } from './limit-learner.js';
import { Ramp } from './ramp.js';
import { Hedger } from './retry/hedger.js';
import { Retrier, type TryOnce, type TryOptions } from './retry/retrier.js';
import { Call } from './transport/call.js';
import type { Target } from './target.js';
import { TargetSet } from './target-set.js';
import { UpstreamError } from './upstream.error.js';
import type { UpstreamRequest, UpstreamResponse } from './upstream.types.js';

/** One try, over. */
export interface TryEnded {
  readonly outcome: Outcome;
  /** Milliseconds from the try's start to its end, body included. */
  readonly durationMs: number;
}

/** The result of a health probe: whether any target passed, and its status or error code. */
export interface ProbeResult {
  readonly passed: boolean;
  readonly detail: string;
}

/** A service behind the gateway: the long-lived state that every call to it goes through. */
export class UpstreamProxy {
  readonly tryEnded = new Event<TryEnded>();
  readonly rejected = new Event<'breaker_open' | 'bulkhead_full'>();
  readonly targets: TargetSet;
  readonly breaker: Breaker;
  readonly bulkhead: Bulkhead;
  readonly retrier: Retrier;
  /** Only where it is configured and there is another target to ask. */
  readonly hedger: Hedger | undefined;
  /** The newest probe; `undefined` before the first. */
  lastProbe: ProbeResult | undefined;
  private readonly ramp: Ramp;
  private readonly learner: LimitLearner | undefined;
  private readonly failureStatuses: ReadonlySet<number>;

  constructor(
    readonly id: string,
    readonly config: UpstreamConfig,
    private readonly clock: Clock,
    random: () => number = Math.random,
    resolver: Resolver = new SystemResolver(),
  ) {
    this.targets = new TargetSet(config, clock, random, resolver);
    this.bulkhead = new Bulkhead(config.bulkhead);
    this.learner = config.bulkhead.adaptive ? new LimitLearner(this.bulkhead, config, clock) : undefined;
    this.failureStatuses = new Set(config.breaker.failureStatuses);
    const tryOnce: TryOnce = (options) => this.tryOnce(options);
    const hedged: TryOnce = (options) => this.hedger?.run(options) ?? tryOnce(options);
    const hasOther = (tried: readonly Target[]) => this.targets.hasOther(tried);
    const hedges = config.hedge && config.targets.length > 1;
    this.retrier = new Retrier(config.retry, {
      clock,
      random,
      hasOther,
      isRejecting: () => this.breaker.isRejecting,
      maxGathered: config.bulkhead.concurrent * config.retry.maxBodyBytes,
      tryOnce: hedges ? hedged : tryOnce,
    });
    this.hedger = config.hedge && hedges ? this.hedgerOf(config.hedge, tryOnce) : undefined;
    this.breaker = new Breaker({
      upstream: id,
      config: config.breaker,
      health: config.health,
      clock,
      random,
    });
    this.ramp = new Ramp(this.bulkhead);
    // A shadow neither rejects nor delays.
    if (config.breaker.mode === 'shadow') return;
    this.breaker.transition.on(({ to }) => {
      if (to === 'open') this.bulkhead.dismiss();
      // Nobody is refused for the ramp, so it needs a queue.
      else if (to === 'closed' && config.bulkhead.queue > 0) this.ramp.start();
    });
  }

  /**
   * Sends a request: breaker, bulkhead, deadline, and then as many tries as the retry policy allows.
   *
   * @returns the response as soon as its head is here
   * @throws UpstreamError when the breaker is open, the bulkhead is full, or no try brings a response head
   */
  async send(first: UpstreamRequest): Promise<UpstreamResponse> {
    // Who would be rejected need not send a body, wait for a place, or take one.
    if (this.breaker.isRejecting) throw this.breakerOpen();
    const gathered = this.retrier.gather(first);
    const request = gathered ? await gathered.catch((error: unknown) => this.blame(error)) : first;
    if (gathered && this.breaker.isRejecting) throw this.breakerOpen();
    first.begun?.();
    const timeout = request.timeout ?? this.config.timeout;
    const deadline = new Deadline(this.clock, timeout);
    const waiting = this.bulkhead.enter(() => deadline.signal(request.signal));
    if (waiting) await waiting.catch((error: unknown) => this.refuse(request, error));
    const permit = this.breaker.admit(timeout);
    if (!permit) {
      this.bulkhead.leave();
      throw this.breakerOpen();
    }
    const admission = new Admission(permit, this.bulkhead);
    try {
      const call = await this.retrier.run(request, deadline);
      call.whenSettled((outcome, detail) => admission.settle(outcome, detail));
      // The head of a trial will do: its body may be a stream without an end.
      if (this.breaker.state === 'half-open' && !this.failureStatuses.has(call.status)) admission.pass();
      return call;
    } catch (error) {
      const failure = UpstreamError.from(this.id, error);
      admission.settle(failure.outcome, failure.detail);
      throw failure;
    }
  }

  /** `GET`s a path, for code that calls an upstream. */
  get(path: string, options: Omit<UpstreamRequest, 'method' | 'path'> = {}): Promise<UpstreamResponse> {
    return this.send({ ...options, method: 'GET', path });
  }

  /** Records a probe and reports it to the breaker. */
  reportProbe(probe: ProbeResult): void {
    this.lastProbe = probe;
    this.breaker.reportProbe(probe.passed, probe.detail);
  }

  /** Stops timers and ends connections. */
  async close(): Promise<void> {
    this.breaker.shutdown();
    this.ramp.stop();
    await this.targets.destroy();
  }

  private hedgerOf(config: HedgeConfig, tryOnce: TryOnce): Hedger {
    return new Hedger(config, {
      clock: this.clock,
      budget: this.retrier.budget,
      failureStatuses: this.failureStatuses,
      hasOther: (tried) => this.targets.hasOther(tried),
      onLate: (target, startedAt) => this.targets.recordLate(target, startedAt),
      tryOnce,
    });
  }

  private tryOnce({ request, deadline, tryTimeout, tried, started }: TryOptions): Promise<Call> {
    const target = this.targets.pick(request.hashKey, tried);
    tried.push(target);
    const startedAt = this.clock.now();
    const remaining = deadline.remainingAt(startedAt);
    const isTryTimeout = tryTimeout !== undefined && tryTimeout < remaining;
    return new Promise((onHead, onFailure) => {
      const call = new Call({
        upstream: this.id,
        timeout: isTryTimeout ? tryTimeout : remaining,
        isTryTimeout,
        uploading: request.body instanceof Readable ? request.body : undefined,
        signal: request.signal,
        upgrade: request.upgrade,
        failureStatuses: this.failureStatuses,
        onHead: this.learner?.timed(onHead, request) ?? onHead,
        onFailure,
      });
      started?.(call);
      target.inFlight++;
      call.whenSettled((outcome) => {
        const { socket } = call;
        // To balancers a tunnel is under way for as long as it is open.
        if (socket) socket.once('close', () => target.inFlight--);
        else target.inFlight--;
        this.learner?.settled(outcome);
        this.targets.recordTry(target, outcome, startedAt);
        this.tryEnded.emit({ outcome, durationMs: this.clock.now() - startedAt });
      });
      target.transport.dispatch(request, call, remaining);
    });
  }

  /** The wait for a place ended without one. */
  private refuse(request: UpstreamRequest, cause: unknown): never {
    if (request.signal?.aborted) throw new UpstreamError(this.id, 'client_gone', { cause });
    throw this.breaker.isRejecting ? this.breakerOpen() : this.rejection('bulkhead_full', 1);
  }

  private breakerOpen(): UpstreamError {
    return this.rejection('breaker_open', this.breaker.retryAfterSeconds);
  }

  private rejection(outcome: 'breaker_open' | 'bulkhead_full', retryAfterSeconds: number): UpstreamError {
    this.rejected.emit(outcome);
    return new UpstreamError(this.id, outcome, { retryAfterSeconds });
  }

  private blame(error: unknown): never {
    throw UpstreamError.from(this.id, error);
  }
}
