import { Inject, Injectable, Logger } from '@nestjs/common';
import { faultEntry } from '../../common/errors/fault.js';
import { type Guilty, OUTCOMES } from '../../common/errors/outcomes.js';
import { ProblemError } from '../../common/errors/problem.js';
import { LOCK_TIME_MS } from '../cache/flights.js';
import type { CacheForward, ResponseTap } from '../routing/cache-decision.js';
import type { Exchange } from '../routing/exchange.js';
import type { GatherPart } from '../routing/gather-parts.js';
import type { RouteModel } from '../routing/route.model.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';
import { WebSockets } from '../websocket/websocket.service.js';
import { FallbackChain, type ForwardedCall } from './fallback-chain.js';
import { injectFault } from './fault.js';
import { gatherRoute } from './gather-route.js';
import { Mirror } from './mirror.service.js';
import { publicHead } from './public-addresses.js';
import { receive } from './receive.js';
import { ReplyWriter } from './reply-writer.js';
import { RuntimeFaults } from './runtime-faults.js';
import { upstreamIdOf, upstreamRequest } from './upstream-request.js';

/** A stale answer helps when an upstream fails, and when the gateway has no room for the call. */
const STALE_HELPS: ReadonlySet<Guilty> = new Set<Guilty>(['upstream', 'gateway']);

/** Sends an exchange to its upstream and answers with what comes back. */
@Injectable()
export class Forwarder {
  private readonly logger = new Logger(Forwarder.name);

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
    @Inject(Mirror) private readonly mirror: Mirror,
    @Inject(FallbackChain) private readonly fallbacks: FallbackChain,
    @Inject(WebSockets) private readonly webSockets: WebSockets,
    @Inject(RuntimeFaults) private readonly faults: RuntimeFaults,
  ) {}

  /**
   * Returns at once; the answer is written when it comes.
   *
   * @throws ProblemError `body_too_large` when the announced length is over the limit
   */
  forward(exchange: Exchange, route: RouteModel): void {
    const fault = this.faults.active?.get(route.config.id) ?? route.config.fault;
    const answered = fault
      ? injectFault(exchange, fault).then((isWaiting) =>
          isWaiting ? this.answer(exchange, route) : undefined,
        )
      : this.answer(exchange, route);
    answered.catch((error: unknown) => this.refuse(exchange, error));
  }

  private answer(exchange: Exchange, route: RouteModel): Promise<void> {
    return route.gather
      ? this.gather(exchange, route, route.gather)
      : this.send(this.prepare(exchange, route));
  }

  private prepare(exchange: Exchange, route: RouteModel): ForwardedCall {
    const { mirror, websocket } = route.config;
    const upstream = this.upstreams.modelIn(exchange.config, upstreamIdOf(exchange, route));
    const upgrade = websocket && this.webSockets.upgradeRequest(exchange, websocket);
    const request = upstreamRequest(exchange, route, upstream, upgrade);
    const call = { exchange, upstream, request };
    if (mirror && !upgrade) this.mirror.copy(exchange, mirror, request);
    if (request.body) this.fallbacks.keepBody(call);
    return call;
  }

  /** Answers with the upstream's response, or else with what is documented to take its place, in that order. */
  private async send(call: ForwardedCall): Promise<void> {
    const { exchange, upstream, request } = call;
    try {
      const { cache } = exchange;
      const isForward = cache?.kind === 'forward';
      if (isForward && cache.isTimedOut) throw new UpstreamError(upstream.id, 'deadline');
      const response = await upstream.send(request);
      const { socket } = response;
      if (socket) this.webSockets.open(exchange, socket, publicHead(exchange, response).headers);
      else if (isForward && cache.wantsPart && cache.tap)
        await this.replyPart(call, cache, cache.tap, response);
      else this.reply.upstream(exchange, response);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (this.replyStale(exchange, error)) return;
      // Nothing else can answer a handshake, and two handshakes would be two WebSockets.
      if (request.upgrade) this.giveUp(exchange, error);
      else await this.fallBack(call, error);
    }
  }

  /** Answers with a document that is made of several responses. */
  private async gather(exchange: Exchange, route: RouteModel, parts: readonly GatherPart[]): Promise<void> {
    const { cache } = exchange;
    try {
      if (cache?.kind === 'forward' && cache.isTimedOut)
        throw new UpstreamError(route.config.upstream, 'deadline');
      const response = await gatherRoute(exchange, route, parts, this.upstreams);
      if (exchange.gone.aborted) return;
      // The next client may get the whole.
      if (response.isPartial) exchange.replaceResponse('other');
      const { tap } = exchange;
      const hit =
        cache?.kind === 'forward' && cache.wantsPart && tap && (await receive(exchange, response, tap)).hit;
      if (hit) {
        exchange.outcome ??= 'success';
        this.reply.stored(exchange, hit);
      } else this.reply.upstream(exchange, response);
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (!this.replyStale(exchange, error)) this.giveUp(exchange, error);
    }
  }

  /** @returns whether the last good answer takes the place of a failure, which is recorded */
  private replyStale(exchange: Exchange, error: UpstreamError): boolean {
    if (!STALE_HELPS.has(OUTCOMES[error.outcome].guilty)) return false;
    exchange.failure = error;
    const { cache } = exchange;
    const stale = cache?.kind === 'forward' ? cache.stale?.() : undefined;
    if (!stale) return false;
    exchange.outcome ??= error.outcome;
    exchange.replaceResponse('stale');
    this.reply.stored(exchange, stale);
    return true;
  }

  /**
   * Answers with a part of a response that the upstream was asked for as a whole. What is not stored would have to be
   * sent as a whole, perhaps in place of its last bytes, so the upstream is asked for the part. So it is when the whole
   * takes too long: it may have no end.
   */
  private async replyPart(
    { exchange, upstream, request }: ForwardedCall,
    cache: CacheForward,
    tap: ResponseTap,
    response: UpstreamResponse,
  ): Promise<void> {
    const within = Math.min(LOCK_TIME_MS, request.deadline?.timeout ?? Infinity);
    const { hit, isUnread } = await receive(exchange, response, tap, within);
    if (hit) {
      if (isUnread) void response.discard();
      exchange.outcome ??= hit.result === 'stale' ? 'upstream_status' : 'success';
      this.reply.stored(exchange, hit);
      return;
    }
    const { status, stale } = cache;
    exchange.cache = { kind: 'forward', status, conditions: undefined, tap: undefined, stale };
    if (isUnread && response.status !== 200) {
      this.reply.upstream(exchange, response);
      return;
    }
    if (isUnread) void response.discard();
    // The route is that of the first call.
    const { route } = exchange;
    if (route) this.reply.upstream(exchange, await upstream.send(upstreamRequest(exchange, route, upstream)));
  }

  /** Answers with what `fallback` of the upstream says, in its order, or else with the error. */
  private async fallBack(call: ForwardedCall, failure: UpstreamError): Promise<void> {
    const { exchange, upstream } = call;
    // Until a fallback upstream has answered, the outcome of the exchange is open: the client may still leave.
    const result = isOfUpstream(failure) ? await this.fallbacks.send(call, failure) : failure;
    if (!(result instanceof UpstreamError)) {
      exchange.outcome ??= failure.outcome;
      exchange.fallback = 'upstream';
      // The second choice must not be served for as long as the first would be.
      exchange.replaceResponse('other');
      this.reply.upstream(exchange, result);
      return;
    }
    if (!isOfUpstream(result)) {
      this.giveUp(exchange, result);
      return;
    }
    const answer = await this.fallbacks.askPlugin(call, result);
    const response = upstream.config.fallback?.response;
    exchange.outcome ??= result.outcome;
    if (answer) this.reply.instead(exchange, answer, result.toProblem());
    else if (response) this.reply.fallback(exchange, response, result.toProblem());
    else this.giveUp(exchange, result);
  }

  private giveUp(exchange: Exchange, error: UpstreamError): void {
    exchange.outcome ??= error.outcome;
    if (error.outcome !== 'client_gone') this.reply.problem(exchange.res, exchange, error.toProblem());
  }

  /** Answers a failure that is no upstream's: a refused request, or a fault of the gateway. */
  private refuse(exchange: Exchange, error: unknown): void {
    if (error instanceof ProblemError) {
      this.reply.problem(exchange.res, exchange, error);
      return;
    }
    this.logger.error(faultEntry(error, { requestId: exchange.id }));
    exchange.outcome ??= 'gateway_error';
    this.reply.problem(exchange.res, exchange, new ProblemError('internal_error', { close: true }));
    exchange.abandon();
  }
}

function isOfUpstream({ outcome }: UpstreamError): boolean {
  return OUTCOMES[outcome].guilty === 'upstream';
}
