import { Inject, Injectable, Logger } from '@nestjs/common';
import { type Guilty, OUTCOMES } from '../../common/errors/outcomes.js';
import { ProblemError } from '../../common/errors/problem.js';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { injectFault } from './fault.js';
import { Mirror } from './mirror.service.js';
import { ReplyWriter } from './reply-writer.js';
import { hashKeyOf, upstreamIdOf, upstreamRequest } from './upstream-request.js';

/** An upstream that fails, and a gateway that has no room for the call. */
const STALE_HELPS: ReadonlySet<Guilty> = new Set<Guilty>(['upstream', 'gateway']);

/** Sends an exchange to its upstream and answers with what comes back. */
@Injectable()
export class Forwarder {
  private readonly logger = new Logger(Forwarder.name);

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
    @Inject(Mirror) private readonly mirror: Mirror,
  ) {}

  /**
   * Returns at once; the answer is written when it comes.
   *
   * @throws ProblemError `body_too_large` when the announced length is over the limit
   */
  forward(exchange: Exchange, route: RouteModel): void {
    if (!route.fault) {
      this.call(exchange, route);
      return;
    }
    injectFault(exchange, route.fault)
      .then((isWaiting) => {
        if (isWaiting) this.call(exchange, route);
      })
      .catch((error: unknown) => this.refuse(exchange, error));
  }

  private call(exchange: Exchange, route: RouteModel): void {
    const upstream = this.upstreams.get(upstreamIdOf(exchange, route));
    const hashKey = hashKeyOf(exchange, upstream.config);
    const request = { ...upstreamRequest(exchange, route), hashKey };
    if (route.mirror) this.mirror.copy(exchange, route.mirror, request);
    upstream
      .send(request)
      .then((response) => this.reply.upstream(exchange, response))
      .catch((error: unknown) => this.fail(exchange, upstream, error));
  }

  private fail(exchange: Exchange, upstream: UpstreamProxy, error: unknown): void {
    if (!(error instanceof UpstreamError)) {
      this.refuse(exchange, error);
      return;
    }
    exchange.outcome ??= error.outcome;
    if (error.outcome === 'client_gone') return;
    if (exchange.stale && STALE_HELPS.has(OUTCOMES[error.outcome].guilty)) {
      this.reply.stored(exchange, exchange.stale());
      return;
    }
    const { fallback } = upstream.config;
    const problem = error.toProblem();
    if (fallback && OUTCOMES[error.outcome].guilty === 'upstream') {
      this.reply.fallback(exchange, fallback.response, problem);
    } else {
      this.reply.problem(exchange.res, exchange, problem);
    }
  }

  /** Nothing that an upstream did. */
  private refuse(exchange: Exchange, error: unknown): void {
    if (error instanceof ProblemError) {
      this.reply.problem(exchange.res, exchange, error);
      return;
    }
    this.logger.error(error);
    exchange.outcome ??= 'gateway_error';
    this.reply.problem(exchange.res, exchange, new ProblemError('internal_error', { close: true }));
    exchange.abandon();
  }
}
