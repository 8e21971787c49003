import { Readable } from 'node:stream';
import type { Clock } from '../../common/clock.js';
import { OUTCOMES, type Outcome } from '../../common/errors/outcomes.js';
import { Event } from '../../common/event.js';
import { inherited, withInherited } from '../../common/http/inherited.js';
import { Bulkhead, type Place } from '../../common/resilience/bulkhead.js';
import { Deadline } from '../../common/resilience/deadline.js';
import type { EndedTry, TryRecord } from '../../common/try-record.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import { isSameConfig } from '../config/same-config.js';
import { Breaker } from './breaker/breaker.js';
import type { Permit } from './breaker/permit.js';
import { NO_PLUGINS } from './balancing/balancers.js';
import type { FindsPlugins } from './balancing/plugin-balancer.js';
import { type Resolver, SystemResolver } from './dns/resolver.js';
import { LimitLearner } from './limit-learner.js';
import { ProbeRecord } from './probe-record.js';
import { Ramp } from './ramp.js';
import type { HedgeResult } from './retry/hedger.js';
import type { TryOnce, TryOptions } from './retry/retrier.js';
import type { TargetSet } from './target-set.js';
import type { Target } from './target.js';
import { Call } from './transport/call.js';
import { callPath } from './call-path.js';
import { spanOf, withSpan } from './try-span.js';
import { UpstreamError } from './upstream.error.js';
import { resultOf, UpstreamModel } from './upstream.model.js';
import { watchUpload } from './upload-watch.js';
import type { UpstreamRequest, UpstreamResponse } from './upstream.types.js';

/** What a call holds from its admission until it is over. */
interface Held {
  readonly model: UpstreamModel;
  readonly place: Place;
  readonly permit: Permit;
  /** The targets of its tries so far. */
  readonly tried: Target[];
}

/** A service behind the gateway: the long-lived state that every call to it goes through. */
export class UpstreamProxy {
  readonly tryEnded = new Event<EndedTry>();
  readonly rejected = new Event<'breaker_open' | 'bulkhead_full'>();
  readonly hedged = new Event<HedgeResult>();
  /** A reload has put another model in force. */
  readonly changed = new Event<UpstreamModel>();
  readonly breaker: Breaker;
  readonly bulkhead: Bulkhead;
  readonly probes: ProbeRecord;
  private readonly ramp: Ramp;
  private learner: LimitLearner | undefined;
  /** The model in force. */
  model: UpstreamModel;
  /** Targets of earlier models, which carry their last calls. */
  private readonly retired = new Set<Target>();

  constructor(
    readonly id: string,
    config: UpstreamConfig,
    readonly clock: Clock,
    private readonly random: () => number = Math.random,
    private readonly resolver: Resolver = new SystemResolver(),
    private readonly plugins: FindsPlugins = NO_PLUGINS,
  ) {
    const { breaker, health } = config;
    this.breaker = new Breaker({ upstream: id, config: breaker, health, clock, random });
    this.model = this.compile(config);
    this.bulkhead = new Bulkhead(this.model.places);
    this.ramp = new Ramp(this.bulkhead);
    this.learner = this.newLearner();
    this.probes = new ProbeRecord(clock, () => this.targets, this.breaker);
    this.breaker.transition.on(({ to }) => {
      const { breaker, bulkhead } = this.config;
      // Shadow mode neither rejects nor delays calls.
      if (breaker.mode === 'shadow') return;
      if (to === 'open') this.bulkhead.dismiss();
      // Calls wait in the queue while traffic ramps up. Without a queue they would be rejected.
      else if (to === 'closed' && bulkhead.queue > 0) this.ramp.start();
    });
  }

  get config(): UpstreamConfig {
    return this.model.config;
  }

  get targets(): TargetSet {
    return this.model.targets;
  }

  /** @returns the model of a configuration, which takes effect with `use` */
  compile(config: UpstreamConfig): UpstreamModel {
    const { id, clock, random, resolver, plugins, breaker, hedged, model: previous } = this;
    const send = (request: UpstreamRequest) => this.send(request, model);
    const tryOnce: TryOnce = (options) => this.tryOnce(model, options);
    const options = { id, clock, random, resolver, plugins, breaker, hedged, previous, send, tryOnce };
    const model: UpstreamModel = new UpstreamModel(config, options);
    return model;
  }

  /** Puts a model in force. The breaker, the bulkhead and the targets that stay keep their state. */
  use(model: UpstreamModel): void {
    const before = this.config;
    const { config } = model;
    this.model = model;
    this.breaker.reconfigure(config.breaker, config.health);
    this.bulkhead.reconfigure(model.places);
    const hasSameLimit =
      isSameConfig(config.bulkhead, before.bulkhead) &&
      isSameConfig(config.breaker.failureStatuses, before.breaker.failureStatuses);
    if (!hasSameLimit) this.learner = this.newLearner();
    for (const target of model.targets.takeOver()) this.retire(target);
    if (!isSameConfig(config.health, before.health)) {
      this.probes.reset();
      model.targets.forgetProbes();
    }
    this.changed.emit(model);
  }

  /**
   * Sends a request. This method alone decides the order of what a call goes through:
   * bulkhead -> deadline -> breaker -> retry { hedge { pick a target -> transport -> classify } }.
   *
   * @param model the one that the request began with
   * @returns the response as soon as its head is here
   * @throws UpstreamError when the breaker is open, the bulkhead is full, or no try brings a response head
   */
  async send(request: UpstreamRequest, model = this.model): Promise<UpstreamResponse> {
    const context = inherited.getStore();
    if (context) request = withInherited(request, context);
    if (request.isStream && !this.bulkhead.hasRoomForStream) throw this.rejection('bulkhead_full', request);
    // The time that a client takes to send a body that is kept for retries is no part of the deadline.
    if (request.body instanceof Readable) request = await this.gatherBody(request, model);

    const timeout = request.timeout ?? model.config.timeout;
    const deadline = request.deadline ?? Deadline.within(this.clock, timeout, context?.deadline);
    const entered = this.bulkhead.enter((giveUp) => this.watchWait(request, deadline, giveUp));
    const place =
      entered instanceof Promise ? await entered.catch((e: unknown) => this.refuse(request, e)) : entered;
    // Others may have become streams meanwhile, or be about to.
    if (request.isStream && !place.reserveStream()) {
      place.leave();
      throw this.rejection('bulkhead_full', request);
    }
    // The wait for a place is no part of it either: the upstream knew nothing of the call.
    deadline.start();

    const permit = this.breaker.admit(deadline.timeout);
    if (!permit) {
      place.leave();
      throw this.rejection('breaker_open', request);
    }

    const held: Held = { model, place, permit, tried: [] };
    let call: Call;
    try {
      const tryOnce = request.body instanceof Readable ? this.uploadingTry(model, place) : model.try;
      call = await model.retrier.run(request, deadline, tryOnce, held.tried);
    } catch (error) {
      const failure = UpstreamError.from(this.id, error);
      this.settle(held, failure.outcome, failure.detail);
      throw failure;
    }
    this.onHead(call, held);
    return call;
  }

  /** `GET`s a path, for code that calls an upstream. It throws a TypeError when the path does not begin with a slash. */
  get(path: string, options: Omit<UpstreamRequest, 'method' | 'path'> = {}): Promise<UpstreamResponse> {
    return this.send({ ...options, method: 'GET', path: callPath(path) });
  }

  /**
   * The upstream is not configured any more. Calls under way go on, and so do those of requests that began before; each
   * connection ends with its last call.
   *
   * @returns a promise that resolves with the end of the last call
   */
  async drain(): Promise<void> {
    // Nobody probes it any more, so earlier probes must not hold the breaker open.
    this.breaker.ignoreProbe();
    await Promise.all(this.targets.all.map((target) => target.transport.retire()));
  }

  /** Stops timers and ends connections. */
  async close(): Promise<void> {
    this.breaker.shutdown();
    this.ramp.stop();
    await Promise.all([...this.targets.all, ...this.retired].map(({ transport }) => transport.destroy()));
  }

  private retire(target: Target): void {
    this.retired.add(target);
    void target.transport.retire().finally(() => this.retired.delete(target));
  }

  private newLearner(): LimitLearner | undefined {
    const { config } = this;
    this.bulkhead.narrow(config.bulkhead.concurrent);
    return config.bulkhead.adaptive ? new LimitLearner(this.bulkhead, config, this.clock) : undefined;
  }

  /** The response head is here: the call is a stream from now on, and votes when its body ends. */
  private onHead(call: Call, held: Held): void {
    const { model, permit, place } = held;
    const { socket } = call;
    place.answer();
    // A tunnel is a stream until it closes.
    if (socket) socket.once('close', () => place.leave());
    call.whenSettled((outcome, detail) => {
      const result = resultOf(model, call, outcome, this.breaker.failedAt);
      if (socket) this.vote(held, result, detail);
      else this.settle(held, result, detail);
    });
    // A trial votes with its head: its body may be a stream without an end. Only the first vote counts.
    if (permit.isTrial && !model.failureStatuses.has(call.status)) permit.settle('success', 'success', '');
  }

  /** The call is over, with or without a response. */
  private settle(held: Held, outcome: Outcome, detail: string): void {
    this.vote(held, outcome, detail);
    held.place.leave();
  }

  /** Ejection judges targets, and the breaker judges the service. */
  private vote({ model, permit, tried }: Held, outcome: Outcome, detail: string): void {
    const { vote } = OUTCOMES[outcome];
    const isTargetsFault = vote === 'failure' && model.targets.isFaultOf(tried);
    permit.settle(isTargetsFault ? 'neutral' : vote, outcome, detail, tried.at(-1)?.name);
  }

  /** A body that is streamed is another object for each target that it moves to. */
  private uploadingTry(model: UpstreamModel, place: Place): TryOnce {
    return (options) => {
      const { body } = options.request;
      if (body instanceof Readable) watchUpload(body, place);
      return this.tryOnce(model, options);
    };
  }

  private tryOnce(
    model: UpstreamModel,
    { request: given, deadline, tryTimeout, tried, isHedge = false, onStart }: TryOptions,
  ): Promise<Call> {
    const { config, targets, failureStatuses } = model;
    // The breaker may have opened since the first try.
    if (tried.length > 0 && this.breaker.state === 'open' && this.breaker.isRejecting)
      return Promise.reject(this.rejection('breaker_open', given));
    const target = targets.pick(given, tried);
    if (!target) return Promise.reject(this.rejection('bulkhead_full', given));
    const span = given.trace?.isSampled ? spanOf(given, given.trace, tried.length, isHedge) : undefined;
    const request = span && given.trace ? withSpan(given, given.trace, span) : given;
    tried.push(target);
    const { learner } = this;
    const startedAt = this.clock.now();
    const record: TryRecord = {
      upstream: this.id,
      target: target.url,
      startedAt,
      outcome: undefined,
      durationMs: 0,
      status: 0,
      detail: '',
      span,
    };
    request.tries?.push(record);
    const remaining = deadline.remaining(startedAt);
    const isTryTimeout = tryTimeout !== undefined && tryTimeout < remaining;
    return new Promise((resolve, onFailure) => {
      const call = new Call({
        upstream: this.id,
        target: target.url,
        clock: this.clock,
        request,
        timeout: isTryTimeout ? tryTimeout : remaining,
        onTimeout: isTryTimeout ? 'try_timeout' : deadline.isRemainder ? 'short_deadline' : 'deadline',
        bodyTimeout: config.bodyTimeout,
        streamIdleTimeout: request.streamIdleTimeout ?? config.streamIdleTimeout,
        failureStatuses,
        onHead: (head) => {
          learner?.recordHead(head.status, request, startedAt);
          // One of several targets is judged by when its response heads come.
          if (targets.all.length > 1) targets.recordHead(target, failureStatuses.has(head.status), startedAt);
          resolve(head);
        },
        onFailure,
      });
      onStart?.(call);
      target.inFlight++;
      call.whenSettled((outcome, detail) => {
        const { socket, status } = call;
        // Balancers count an open tunnel as a request under way.
        if (socket) socket.once('close', () => target.inFlight--);
        else target.inFlight--;
        this.learner?.recordTry(outcome);
        targets.recordTry(target, resultOf(model, call, outcome, target.failedAt), startedAt);
        const durationMs = this.clock.now() - startedAt;
        this.tryEnded.emit(Object.assign(record, { outcome, durationMs, status, detail }));
      });
      target.transport.dispatch(request, call, remaining);
    });
  }

  /** A call that the breaker would reject does not send a body. */
  private async gatherBody(request: UpstreamRequest, { retrier }: UpstreamModel): Promise<UpstreamRequest> {
    if (this.breaker.isRejecting) throw this.rejection('breaker_open', request);
    const gathering = retrier.gather(request);
    if (!gathering) return request;
    const gathered = await gathering.catch((error: unknown) => {
      throw UpstreamError.from(this.id, error);
    });
    if (this.breaker.isRejecting) throw this.rejection('breaker_open', request);
    return gathered;
  }

  /** A call that the breaker would reject does not wait for a place in the bulkhead. */
  private watchWait(request: UpstreamRequest, deadline: Deadline, giveUp: () => void): () => void {
    if (this.breaker.isRejecting) throw this.rejection('breaker_open', request);
    return deadline.watch(giveUp, request.signal);
  }

  /** The wait for a place in the bulkhead ended without one. */
  private refuse(request: UpstreamRequest, cause: unknown): never {
    if (request.signal?.aborted) throw new UpstreamError(this.id, 'client_gone', { cause });
    throw this.rejection(this.breaker.isRejecting ? 'breaker_open' : 'bulkhead_full', request);
  }

  private rejection(outcome: 'breaker_open' | 'bulkhead_full', { trace }: UpstreamRequest): UpstreamError {
    const retryAfterSeconds = outcome === 'breaker_open' ? this.breaker.retryAfterSeconds : 1;
    this.rejected.emit(outcome);
    // No span tells of it, so the trace notes it.
    trace?.events?.add('breakwater.rejected', {
      'breakwater.upstream': this.id,
      'breakwater.outcome': outcome,
      'breakwater.retry_after': retryAfterSeconds,
    });
    return new UpstreamError(this.id, outcome, { retryAfterSeconds });
  }
}
