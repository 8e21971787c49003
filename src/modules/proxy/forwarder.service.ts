import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { type Guilty, OUTCOMES } from '../../common/errors/outcomes.js';
import { ProblemError } from '../../common/errors/problem.js';
import { CLOCK } from '../config/config.tokens.js';
import type { CacheHit, Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { UpstreamResponse } from '../upstream/upstream.types.js';
import { WebSockets } from '../websocket/websocket.service.js';
import { Backup } from './backup.js';
import { injectFault } from './fault.js';
import { Mirror } from './mirror.service.js';
import { ReplyWriter } from './reply-writer.js';
import { upstreamIdOf, upstreamRequest } from './upstream-request.js';

/** An upstream that fails, and a gateway that has no room for the call. */
const STALE_HELPS: ReadonlySet<Guilty> = new Set<Guilty>(['upstream', 'gateway']);

interface ForwardedCall {
  readonly exchange: Exchange;
  readonly upstream: UpstreamProxy;
  /** Whom to ask when the upstream fails. */
  readonly backup: Backup | undefined;
}

/** Sends an exchange to its upstream and answers with what comes back. */
@Injectable()
export class Forwarder {
  private readonly logger = new Logger(Forwarder.name);

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
    @Inject(Mirror) private readonly mirror: Mirror,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(WebSockets) private readonly webSockets: WebSockets,
  ) {}

  /**
   * Returns at once; the answer is written when it comes.
   *
   * @throws ProblemError `body_too_large` when the announced length is over the limit
   */
  forward(exchange: Exchange, route: RouteModel): void {
    if (!route.config.fault) {
      this.call(exchange, route);
      return;
    }
    injectFault(exchange, route.config.fault)
      .then((isWaiting) => {
        if (isWaiting) this.call(exchange, route);
      })
      .catch((error: unknown) => this.refuse(exchange, error));
  }

  private call(exchange: Exchange, route: RouteModel): void {
    const upstream = this.upstreams.get(upstreamIdOf(exchange, route));
    const upgrade = this.webSockets.upgradeRequest(exchange, route);
    const request = upstreamRequest(exchange, route, upstream.config, upgrade);
    if (route.config.mirror && !upgrade) this.mirror.copy(exchange, route.config.mirror, request);
    const hasBackup = upstream.config.fallback?.upstream !== undefined && !upgrade;
    const { upstreams, clock } = this;
    const backup = hasBackup
      ? new Backup({ upstreams, clock, exchange, first: upstream, request })
      : undefined;
    upstream
      .send(backup?.request ?? request)
      .then((response) => {
        if (response.socket) this.webSockets.open(exchange, response);
        else this.reply.upstream(exchange, response);
      })
      .catch((error: unknown) => this.fail({ exchange, upstream, backup }, error));
  }

  private fail(call: ForwardedCall, error: unknown): void {
    const { exchange, backup } = call;
    if (!(error instanceof UpstreamError)) {
      this.refuse(exchange, error);
      return;
    }
    const { guilty } = OUTCOMES[error.outcome];
    const stale = STALE_HELPS.has(guilty) ? staleCopy(exchange) : undefined;
    if (stale) {
      exchange.outcome ??= error.outcome;
      exchange.replaceResponse('stale');
      this.reply.stored(exchange, stale);
    } else if (guilty === 'upstream' && backup) {
      // While it is asked, how the exchange ends is open: the client may still leave.
      backup
        .ask(error)
        .then((response) =>
          response ? this.replyInstead(exchange, error, response) : this.giveUp(call, error),
        )
        .catch((failure: unknown) => this.fail({ ...call, backup: undefined }, failure));
    } else {
      this.giveUp(call, error);
    }
  }

  private replyInstead(exchange: Exchange, error: UpstreamError, response: UpstreamResponse): void {
    exchange.outcome ??= error.outcome;
    exchange.fallback = 'upstream';
    // The second choice must not be served for as long as the first would be.
    exchange.replaceResponse('other');
    this.reply.upstream(exchange, response);
  }

  private giveUp({ exchange, upstream }: ForwardedCall, error: UpstreamError): void {
    exchange.outcome ??= error.outcome;
    if (error.outcome === 'client_gone') return;
    const isUpstreams = OUTCOMES[error.outcome].guilty === 'upstream';
    const response = isUpstreams ? upstream.config.fallback?.response : undefined;
    if (response) this.reply.fallback(exchange, response, error.toProblem());
    else this.reply.problem(exchange.res, exchange, error.toProblem());
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

function staleCopy({ cache }: Exchange): CacheHit | undefined {
  return cache?.kind === 'forward' ? cache.stale?.() : undefined;
}
