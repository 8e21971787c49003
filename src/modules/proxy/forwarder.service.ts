import { Inject, Injectable, Logger } from '@nestjs/common';
import { OUTCOMES } from '../../common/errors/outcomes.js';
import { ProblemError } from '../../common/errors/problem.js';
import { upstreamRequestHeaders } from '../../common/http/request-headers.js';
import { VIA } from '../../common/http/via.js';
import type { UpstreamConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import type { RouteModel } from '../routing/route.model.js';
import { UpstreamError } from '../upstream/upstream.error.js';
import type { UpstreamProxy } from '../upstream/upstream-proxy.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import type { UpstreamRequest } from '../upstream/upstream.types.js';
import { ReplyWriter } from './reply-writer.js';
import { RequestBody } from './request-body.js';

const NO_IDENTITY: readonly string[] = [];

/** Sends an exchange to its upstream and answers with what comes back. */
@Injectable()
export class Forwarder {
  private readonly logger = new Logger(Forwarder.name);

  constructor(
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(ReplyWriter) private readonly reply: ReplyWriter,
  ) {}

  /**
   * Returns at once; the answer is written when it comes.
   *
   * @throws ProblemError `body_too_large` when the announced length is over the limit
   */
  forward(exchange: Exchange, route: RouteModel): void {
    const upstream = this.upstreams.get(route.upstream);
    const hashKey = hashKeyOf(exchange, upstream.config);
    upstream
      .send({ ...upstreamRequest(exchange, route), hashKey })
      .then((response) => this.reply.upstream(exchange, response))
      .catch((error: unknown) => this.fail(exchange, upstream, error));
  }

  private fail(exchange: Exchange, upstream: UpstreamProxy, error: unknown): void {
    if (!(error instanceof UpstreamError)) {
      this.logger.error(error);
      exchange.outcome ??= 'gateway_error';
      this.reply.problem(exchange.res, exchange, new ProblemError('internal_error', { close: true }));
      exchange.abandon();
      return;
    }
    exchange.outcome ??= error.outcome;
    if (error.outcome === 'client_gone') return;
    const { fallback } = upstream.config;
    const problem = error.toProblem();
    if (fallback && OUTCOMES[error.outcome].guilty === 'upstream') {
      this.reply.fallback(exchange, fallback.response, problem);
    } else {
      this.reply.problem(exchange.res, exchange, problem);
    }
  }
}

function upstreamRequest(exchange: Exchange, route: RouteModel): UpstreamRequest {
  const { req, head, gone: signal } = exchange;
  return {
    method: req.method,
    path: head.path + head.query,
    headers: upstreamRequestHeaders(req.rawHeaders, {
      requestId: exchange.id,
      peer: req.socket.remoteAddress ?? '',
      peerTrusted: head.peerTrusted,
      authority: head.authority,
      proto: 'http',
      via: VIA.entry,
      forwardAuthorization: exchange.forwardAuthorization,
      credentialHeader: exchange.credentialHeader,
      identity: exchange.identity?.upstreamHeaders ?? NO_IDENTITY,
    }),
    ...requestBody(exchange, route.maxBodyBytes),
    timeout: route.timeout,
    signal,
  };
}

function requestBody(
  { req, head }: Exchange,
  maxBytes: number,
): Pick<UpstreamRequest, 'body' | 'contentLength'> {
  if (!head.hasBody) return {};
  const announced = req.headers['content-length'];
  if (announced === undefined) return { body: new RequestBody(req, maxBytes) };
  const contentLength = Number(announced);
  if (contentLength > maxBytes) throw new ProblemError('body_too_large', { close: true });
  return { body: new RequestBody(req, maxBytes), contentLength };
}

/** @returns `undefined` unless the upstream's balancer asks for a key */
function hashKeyOf(
  { req, head, identity }: Exchange,
  { balancer, hashOn }: UpstreamConfig,
): string | undefined {
  if (balancer !== 'consistent-hash') return undefined;
  if (hashOn === 'ip') return head.clientIp;
  if (hashOn === 'user') return identity?.subject ?? head.clientIp;
  const field = req.headers[hashOn.slice('header:'.length)];
  return Array.isArray(field) ? field.join() : field;
}
