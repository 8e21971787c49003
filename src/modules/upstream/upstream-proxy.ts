import { Readable } from 'node:stream';
import type { Clock } from '../../common/clock.js';
import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { Event } from '../../common/event.js';
import { inherited, withInherited } from '../../common/http/inherited.js';
import { Bulkhead, type Place } from '../../common/resilience/bulkhead.js';
import { Deadline } from '../../common/resilience/deadline.js';
import type { EndedTry, TryRecord } from '../../common/try-record.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import { Breaker, type Permit } from './breaker/breaker.js';
import { type Resolver, SystemResolver } from './dns/resolver.js';
import { LimitLearner } from './limit-learner.js';
import { ProbeRecord } from './probe-record.js';
import { Ramp } from './ramp.js';
import { Hedger } from './retry/hedger.js';
import { Retrier, type TryOnce } from './retry/retrier.js';
import { TargetSet } from './target-set.js';
import type { Target } from './target.js';
import { Call } from './transport/call.js';
import { UpstreamError } from './upstream.error.js';
import { watchUpload } from './upload-watch.js';
import type { UpstreamRequest, UpstreamResponse } from './upstream.types.js';

/** What a call holds from its admission until it is over. */
interface Held {
  readonly place: Place;
  readonly permit: Permit;
  /** The targets of its tries so far. */
  readonly tried: Target[];
}

/** A service behind the gateway: the long-lived state that every call to it goes through. */
export class UpstreamProxy {
  readonly tryEnded = new Event<EndedTry>();
  readonly rejected = new Event<'breaker_open' | 'bulkhead_full'>();
  readonly targets: TargetSet;
  readonly breaker: Breaker;
  readonly bulkhead: Bulkhead;
  readonly retrier: Retrier;
  /** Exists only where there is a second target, unless `retry.attempts: 0` without `hedge` forbids a second try. */
  readonly hedger: Hedger | undefined;
  readonly probes: ProbeRecord;
  private readonly ramp: Ramp;
  private readonly learner: LimitLearner | undefined;
  private readonly failureStatuses: ReadonlySet<number>;

  constructor(
    readonly id: string,
    readonly config: UpstreamConfig,
    readonly clock: Clock,
    random: () => number = Math.random,
    resolver: Resolver = new SystemResolver(),
  ) {
    const { breaker, bulkhead, health, hedge, pool, retry, targets } = config;
    this.failureStatuses = new Set(breaker.failureStatuses);
    this.targets = new TargetSet(config, clock, random, resolver);
    // A call never waits for a connection: that would be one more queue, in which its time would be the upstream's.
    this.bulkhead = new Bulkhead({
      ...bulkhead,
      connections: pool.connections && pool.connections * targets.length,
    });
    this.ramp = new Ramp(this.bulkhead);
    this.learner = bulkhead.adaptive ? new LimitLearner(this.bulkhead, config, clock) : undefined;
    this.breaker = new Breaker({ upstream: id, config: breaker, health, clock, random });
    this.probes = new ProbeRecord({ clock, targets: this.targets, breaker: this.breaker });
    this.retrier = new Retrier(retry, {
      clock,
      random,
      targets: this.targets,
      breaker: this.breaker,
      maxGathered: bulkhead.concurrent * retry.maxBodyBytes,
    });
    if (config.targets.length > 1 && (hedge || retry.attempts > 0)) {
      const { targets, failureStatuses } = this;
      this.hedger = new Hedger(hedge, { clock, budget: this.retrier.budget, targets, failureStatuses });
    }
    // Shadow mode neither rejects nor delays calls.
    if (breaker.mode === 'shadow') return;
    this.breaker.transition.on(({ to }) => {
      if (to === 'open') this.bulkhead.dismiss();
      // Calls wait in the queue while traffic ramps up. Without a queue they would be rejected.
      else if (to === 'closed' && bulkhead.queue > 0) this.ramp.start();
    });
  }

  /**
   * Sends a request. This method alone decides the order of what a call goes through:
   * bulkhead -> deadline -> breaker -> retry { hedge { pick a target -> transport -> classify } }.
   *
   * @returns the response as soon as its head is here
   * @throws UpstreamError when the breaker is open, the bulkhead is full, or no try brings a response head
   */
  async send(request: UpstreamRequest): Promise<UpstreamResponse> {
    const context = inherited.getStore();
    if (context) request = withInherited(request, context);
    if (request.isStream && !this.bulkhead.hasRoomForStream) throw this.rejection('bulkhead_full');
    // The time that a client takes to send a body that is kept for retries is no part of the deadline.
    if (request.body instanceof Readable) request = await this.gatherBody(request);

    const deadline = request.deadline ?? new Deadline(this.clock, request.timeout ?? this.config.timeout);
    const entered = this.bulkhead.enter(() => this.waitSignal(request, deadline));
    const place =
      entered instanceof Promise ? await entered.catch((e: unknown) => this.refuse(request, e)) : entered;
    // Others may have become streams meanwhile, or be about to.
    if (request.isStream && !place.reserveStream()) {
      place.leave();
      throw this.rejection('bulkhead_full');
    }
    // The wait for a place is no part of it either: the upstream knew nothing of the call.
    deadline.start();

    const permit = this.breaker.admit(deadline.timeout);
    if (!permit) {
      place.leave();
      throw this.rejection('breaker_open');
    }

    const held: Held = { place, permit, tried: [] };
    let call: Call;
    try {
      const tryOnce = request.body instanceof Readable ? this.uploadingTry(place) : this.hedgedTry;
      call = await this.retrier.run(request, deadline, tryOnce, held.tried);
    } catch (error) {
      const failure = UpstreamError.from(this.id, error);
      this.settle(held, failure.outcome, failure.detail);
      throw failure;
    }
    this.onHead(call, held);
    return call;
  }

  /** `GET`s a path, for code that calls an upstream. */
  get(path: string, options: Omit<UpstreamRequest, 'method' | 'path'> = {}): Promise<UpstreamResponse> {
    return this.send({ ...options, method: 'GET', path });
  }

  /** Stops timers and ends connections. */
  async close(): Promise<void> {
    this.breaker.shutdown();
    this.ramp.stop();
    await this.targets.destroy();
  }

  /** The response head is here: the call is a stream from now on, and votes when its body ends. */
  private onHead(call: Call, held: Held): void {
    const { permit, place } = held;
    const { socket } = call;
    place.answer();
    // A tunnel is a stream until it closes.
    if (socket) socket.once('close', () => place.leave());
    call.whenSettled((outcome, detail) => {
      const result = this.resultOf(call, outcome, this.breaker.failedAt);
      if (socket) this.vote(held, result, detail);
      else this.settle(held, result, detail);
    });
    // A trial votes with its head: its body may be a stream without an end. Only the first vote counts.
    if (permit.isTrial && !this.failureStatuses.has(call.status)) permit.settle('success', 'success', '');
  }

  /** The call is over, with or without a response. */
  private settle(held: Held, outcome: Outcome, detail: string): void {
    this.vote(held, outcome, detail);
    held.place.leave();
  }

  /**
   * A good response shows that the upstream works, even if the client leaves before its end, as those of event streams
   * do. It shows nothing about the time after a later failure.
   *
   * @param failedAt monotonic milliseconds of the last failure
   */
  private resultOf({ status, sentAt }: Call, outcome: Outcome, failedAt: number): Outcome {
    if (outcome !== 'client_gone' && outcome !== 'discarded') return outcome;
    const isGood = status > 0 && !this.failureStatuses.has(status);
    return isGood && sentAt > failedAt ? 'success' : outcome;
  }

  /** Ejection judges targets, and the breaker judges the service. */
  private vote({ permit, tried }: Held, outcome: Outcome, detail: string): void {
    const { vote } = OUTCOMES[outcome];
    const isTargetsFault = vote === 'failure' && this.targets.isFaultOf(tried);
    permit.settle(isTargetsFault ? 'neutral' : vote, outcome, detail);
  }

  private readonly hedgedTry: TryOnce = (options) =>
    this.hedger ? this.hedger.run(options, this.tryOnce) : this.tryOnce(options);

  /** A body that is streamed is another object for each target that it moves to. */
  private uploadingTry(place: Place): TryOnce {
    return (options) => {
      const { body } = options.request;
      if (body instanceof Readable) watchUpload(body, place);
      return this.tryOnce(options);
    };
  }

  private readonly tryOnce: TryOnce = ({ request, deadline, tryTimeout, tried, onStart }) => {
    // The breaker may have opened since the first try.
    if (tried.length > 0 && this.breaker.state === 'open' && this.breaker.isRejecting)
      return Promise.reject(this.rejection('breaker_open'));
    const target = this.targets.pick(request, tried);
    if (!target) return Promise.reject(this.rejection('bulkhead_full'));
    tried.push(target);
    const startedAt = this.clock.now();
    const record: TryRecord = {
      upstream: this.id,
      target: target.url,
      startedAt,
      outcome: undefined,
      durationMs: 0,
    };
    request.tries?.push(record);
    const remaining = deadline.remaining(startedAt);
    const isTryTimeout = tryTimeout !== undefined && tryTimeout < remaining;
    return new Promise((resolve, onFailure) => {
      const onHead = this.learner?.timed(resolve, request) ?? resolve;
      const call = new Call({
        upstream: this.id,
        target: target.url,
        clock: this.clock,
        request,
        timeout: isTryTimeout ? tryTimeout : remaining,
        onTimeout: isTryTimeout ? 'try_timeout' : deadline.isRemainder ? 'short_deadline' : 'deadline',
        bodyTimeout: this.config.bodyTimeout,
        streamIdleTimeout: request.streamIdleTimeout ?? this.config.streamIdleTimeout,
        failureStatuses: this.failureStatuses,
        onHead: this.targets.all.length > 1 ? this.observed(onHead, target, startedAt) : onHead,
        onFailure,
      });
      onStart?.(call);
      target.inFlight++;
      call.whenSettled((outcome) => {
        const { socket } = call;
        // Balancers count an open tunnel as a request under way.
        if (socket) socket.once('close', () => target.inFlight--);
        else target.inFlight--;
        this.learner?.settled(outcome);
        this.targets.recordTry(target, this.resultOf(call, outcome, target.failedAt), startedAt);
        this.tryEnded.emit(Object.assign(record, { outcome, durationMs: this.clock.now() - startedAt }));
      });
      target.transport.dispatch(request, call, remaining);
    });
  };

  /** One of several targets is judged by when its response heads come. */
  private observed(onHead: (call: Call) => void, target: Target, startedAt: number): (call: Call) => void {
    return (call) => {
      this.targets.recordHead(target, this.failureStatuses.has(call.status), startedAt);
      onHead(call);
    };
  }

  /** A call that the breaker would reject does not send a body. */
  private async gatherBody(request: UpstreamRequest): Promise<UpstreamRequest> {
    if (this.breaker.isRejecting) throw this.rejection('breaker_open');
    const gathering = this.retrier.gather(request);
    if (!gathering) return request;
    const gathered = await gathering.catch((error: unknown) => {
      throw UpstreamError.from(this.id, error);
    });
    if (this.breaker.isRejecting) throw this.rejection('breaker_open');
    return gathered;
  }

  /** A call that the breaker would reject does not wait for a place in the bulkhead. */
  private waitSignal({ signal }: UpstreamRequest, deadline: Deadline): AbortSignal {
    if (this.breaker.isRejecting) throw this.rejection('breaker_open');
    return deadline.signal(signal);
  }

  /** The wait for a place in the bulkhead ended without one. */
  private refuse(request: UpstreamRequest, cause: unknown): never {
    if (request.signal?.aborted) throw new UpstreamError(this.id, 'client_gone', { cause });
    throw this.rejection(this.breaker.isRejecting ? 'breaker_open' : 'bulkhead_full');
  }

  private rejection(outcome: 'breaker_open' | 'bulkhead_full'): UpstreamError {
    const retryAfterSeconds = outcome === 'breaker_open' ? this.breaker.retryAfterSeconds : 1;
    this.rejected.emit(outcome);
    return new UpstreamError(this.id, outcome, { retryAfterSeconds });
  }
}
