import { hash } from 'node:crypto';
import type { Socket } from 'node:net';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import { OUTCOMES } from '../../common/errors/outcomes.js';
import { traceIdOf } from '../../common/http/trace-context.js';
import type { AccessLogConfig } from '../config/gateway-config.js';
import { CLOCK, RANDOM } from '../config/config.tokens.js';
import type { Exchange } from '../routing/exchange.js';
import type { Identity } from '../routing/identity.js';
import { ExchangeMiddleware } from '../routing/exchange.middleware.js';
import { UpstreamRegistry } from '../upstream/upstream.registry.js';
import { boundedLines } from './bounded-lines.js';
import { withoutSecrets } from './without-secrets.js';

/** Bytes that a connection had carried when its last request ended. */
interface Carried {
  readonly read: number;
  readonly written: number;
}

/** Of one request, and of its response. */
interface Bytes {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Characters of a path or a query, whose length is up to the client. */
const MAX_TEXT = 1_500;

const NOTHING: Carried = { read: 0, written: 0 };

/**
 * Writes one line for each request when its response is complete. Tokens, cookies and keys are never part of it.
 * Without an access log, some of the requests that failed are logged nevertheless.
 */
@Injectable()
export class AccessLog implements OnModuleInit {
  private readonly logger = new Logger('Access');
  private readonly warnOfSome: (entry: object) => void;
  /** Hashing took a tenth of the time of a line, and a verified token keeps its identity. */
  private readonly userHashes = new WeakMap<Identity, string>();
  private readonly carried = new WeakMap<Socket, Carried>();

  constructor(
    @Inject(ExchangeMiddleware) private readonly exchanges: ExchangeMiddleware,
    @Inject(UpstreamRegistry) private readonly upstreams: UpstreamRegistry,
    @Inject(CLOCK) clock: Clock,
    @Inject(RANDOM) private readonly random: () => number,
  ) {
    this.warnOfSome = boundedLines(clock, (entry) => this.logger.warn(entry));
  }

  onModuleInit(): void {
    this.exchanges.finished.on((exchange) => this.record(exchange, exchange.config.accessLog));
  }

  private record(exchange: Exchange, { enabled, sample, statuses, query }: AccessLogConfig): void {
    // Also for requests that are left out: the next one on the connection counts from there.
    const bytes = enabled ? this.bytesOf(exchange.req.socket) : undefined;
    const hasFailed = isFailure(exchange);
    if (!hasFailed) {
      if (!enabled || (statuses !== 'all' && !statuses.includes(exchange.res.statusCode))) return;
      if (sample < 1 && this.random() >= sample) return;
    }
    const entry = this.describe(exchange, bytes);
    if (query) Object.assign(entry, { query: shortened(withoutSecrets(exchange.head.query)) });
    if (!hasFailed) this.logger.log(entry);
    else if (enabled) this.logger.warn(entry);
    else this.warnOfSome(entry);
  }

  private describe(exchange: Exchange, bytes: Bytes | undefined) {
    const { id, req, res, head, route, identity, cache, fallback, failure, problem } = exchange;
    const { tries, startedAt, endedAt, outcome, concerned } = exchange;
    const upstream = concerned?.upstream;
    const durationMs = endedAt - startedAt;
    const upstreamMs = exchange.upstreamMs(endedAt);
    return {
      msg: 'request',
      requestId: id,
      traceId: exchange.trace?.traceId ?? traceIdOf(req.headers.traceparent),
      client: head.clientIp,
      user: identity && this.userHash(identity),
      method: req.method,
      route: route?.config.id,
      path: shortened(head.path),
      status: res.statusCode,
      outcome,
      rateLimit: exchange.rateLimit?.exceeded,
      cause: failure?.reason ?? problem,
      fallback: cache?.kind === 'hit' && failure ? 'stale' : fallback,
      fallbackUpstream: fallback === 'upstream' ? tries.at(-1)?.upstream : undefined,
      cache: cache?.kind === 'hit' ? cache.result : cache?.kind,
      upstream,
      target: concerned?.target,
      tries: tries.length,
      breaker: upstream === undefined ? undefined : this.upstreams.find(upstream)?.breaker.state,
      durationMs: round(durationMs),
      upstreamMs: round(upstreamMs),
      ownMs: round(durationMs - upstreamMs),
      bytesIn: bytes?.bytesIn,
      bytesOut: bytes?.bytesOut,
    };
  }

  /** Tells the requests of one user from those of others, without telling who it is. */
  private userHash(identity: Identity): string {
    let known = this.userHashes.get(identity);
    if (known === undefined) {
      known = hash('sha256', `${identity.provider}\n${identity.subject}`).slice(0, 16);
      this.userHashes.set(identity, known);
    }
    return known;
  }

  /** The bytes of a request and of its response, heads included, since the one before on the same connection. */
  private bytesOf(socket: Socket): Bytes {
    const { bytesRead: read, bytesWritten: written } = socket;
    const before = this.carried.get(socket) ?? NOTHING;
    this.carried.set(socket, { read, written });
    return { bytesIn: read - before.read, bytesOut: written - before.written };
  }
}

/** Whether an upstream or the gateway has failed, also when something else took the place of its response. */
function isFailure({ failure, outcome = 'success' }: Exchange): boolean {
  const { guilty } = OUTCOMES[outcome];
  return failure !== undefined || guilty === 'upstream' || guilty === 'gateway';
}

/** Microseconds are as exact as a clock in a log can be. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function shortened(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}...` : text;
}
