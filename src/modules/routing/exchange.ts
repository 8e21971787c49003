import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Request, Response } from 'express';
import { CancellationSource, toSignal } from '../../common/cancellation.js';
import type { Outcome } from '../../common/errors/outcomes.js';
import type { ProblemCode } from '../../common/errors/codes.js';
import type { ProblemError } from '../../common/errors/problem.js';
import type { KeptBack } from '../../common/http/request-headers.js';
import type { Trace } from '../../common/http/trace-context.js';
import type { TryRecord } from '../../common/try-record.js';
import type { CodeRouteConfig } from '../config/code-route.js';
import type { CorsConfig, GatewayConfig } from '../config/gateway-config.js';
import type { CheckedChanges } from '../plugins/results.js';
import type { CacheDecision, ResponseTap } from './cache-decision.js';
import type { Identity } from './identity.js';
import type { RateLimitReport } from './rate-limit-report.js';
import type { MatchResult } from './route-table.js';
import type { RouteModel } from './route.model.js';

/** Why an upstream brought no whole response, for operators. */
export interface RequestFailure {
  readonly upstream: string;
  readonly outcome: Outcome;
  /** URL of the target; `undefined` when none was asked. */
  readonly target: string | undefined;
  /** `ECONNREFUSED 10.0.0.7:3001`; `undefined` when the gateway has rejected the call. */
  readonly reason: string | undefined;
}

/** The head that a client is about to get. */
export interface AnswerHead {
  readonly status: number;
  /** Names and values in turn. */
  readonly lines: string[];
}

export interface ExchangeHead {
  readonly id: string;
  /** Host and port as the client wrote them; empty when an HTTP/1.0 client sent none. */
  readonly authority: string;
  /** Normalised: what is matched and keyed. */
  readonly host: string;
  /** Normalised path: matched, keyed and forwarded alike. */
  readonly path: string;
  /** Raw query with its `?`, or an empty string. */
  readonly query: string;
  readonly hasBody: boolean;
  /** Address of the peer; empty when its socket is gone. */
  readonly peer: string;
  readonly peerTrusted: boolean;
  /** Where the request comes from, seen through trusted proxies. */
  readonly clientIp: string;
  /** A CORS preflight that the gateway answers. Its match is that of the request that it asks about. */
  readonly isPreflight: boolean;
  readonly match: MatchResult;
  /** Of the handler of code that takes the request, with `@GatewayRoute()`, which counts in place of a route. */
  readonly code?: CodeRouteConfig | undefined;
  /** The one in force when the request began. Whatever the request needs of it is read here, so that no reload divides it. */
  readonly config: GatewayConfig;
}

/**
 * THE record of one request. The middleware makes it, each stage narrows it, and when the response closes
 * the observers read it. Nothing else is hung on the request.
 */
export class Exchange {
  readonly route: RouteModel | undefined;
  readonly config: GatewayConfig;
  /** `undefined` unless the gateway records traces. */
  trace: Trace | undefined;
  /** Set by the guard; stays `undefined` for an anonymous request. */
  identity: Identity | undefined;
  /** Why the guard has refused it: label `reason` of `breakwater_auth_failures_total`. */
  authFailure: string | undefined;
  /** `Authorization` goes on to the upstream. Set by the guard. */
  forwardAuthorization = true;
  /** Headers that the upstream does not get, since keys or tokens may be in them. Set by the guard. */
  keptBack: KeptBack | undefined;
  /** The subprotocols that a handshake offers beside its token; `undefined` when no token is among them. */
  offeredProtocols: readonly string[] | undefined;
  /** The token came in a cookie, which browsers send for pages of any origin. Set by the guard. */
  isByCookie = false;
  /** Headers that plugins set for the upstream, by lower-cased name; `null` for those that they remove. */
  changedHeaders: CheckedChanges | undefined;
  /** Lets plugins change the head of each response; `undefined` unless the route has some. It throws ProblemError. */
  changeHead: ((head: AnswerHead) => AnswerHead | Promise<AnswerHead>) | undefined;
  /** `undefined` when no limit applies to it. */
  rateLimit: RateLimitReport | undefined;
  /** Frees its place among the requests of its address, where those are limited. */
  leaveAddress: (() => void) | undefined;
  /** Frees its place among the requests of its user, where those are limited. */
  leaveUser: (() => void) | undefined;
  /** `undefined` when no cache was asked. */
  cache: CacheDecision | undefined;
  /** Where the answer comes from in place of the upstream: `Breakwater-Fallback`. */
  fallback: 'upstream' | 'plugin' | 'response' | undefined;
  /** Why its upstream had no answer, also when something else took its place. */
  failure: RequestFailure | undefined;
  /** The error that the client was told of. */
  problem: ProblemCode | undefined;
  /** The gateway has sent a whole answer of its own, after which code must send nothing. */
  isAnswered = false;
  /** The tries to reach upstreams for it, without those of copies and of refreshes. */
  readonly tries: TryRecord[] = [];
  /** How it ended; `undefined` while it is under way. */
  outcome: Outcome | undefined;
  /** Monotonic milliseconds at which its response has closed; 0 while it is under way. */
  endedAt = 0;
  /** Aborts when the client is gone before its answer is complete. */
  readonly gone = new CancellationSource();
  private abortSignal: AbortSignal | undefined;

  constructor(
    readonly req: Request,
    readonly res: Response,
    /** The guard takes keys out of its query. */
    public head: ExchangeHead,
    /** Monotonic milliseconds. */
    readonly startedAt: number,
    /** Why it goes no further than this record. */
    readonly refusal?: ProblemError,
  ) {
    this.config = head.config;
    this.route = head.match.kind === 'route' ? head.match.route : undefined;
  }

  get cors(): CorsConfig {
    return corsOf(this.head, this.config.server.cors);
  }

  get id(): string {
    return this.head.id;
  }

  /** Whether the gateway itself speaks TLS with the client. */
  get usesTls(): boolean {
    return (this.req.socket as Socket & Partial<TLSSocket>).encrypted === true;
  }

  /**
   * Does not store the response, because a stale copy or another answer takes its place. An unsafe method invalidates what
   * is stored, whichever upstream has carried it out.
   */
  replaceResponse(by: 'stale' | 'other'): void {
    this.tap?.onReplaced?.(by);
    if (this.cache?.kind === 'forward') this.cache = { ...this.cache, tap: undefined };
  }

  /** Watches the upstream's response to the client; a background refresh has a tap of its own. */
  get tap(): ResponseTap | undefined {
    return this.cache?.kind === 'hit' ? undefined : this.cache?.tap;
  }

  /** The same, for code that calls with it. */
  get signal(): AbortSignal {
    return (this.abortSignal ??= toSignal(this.gone));
  }

  /**
   * @param now monotonic milliseconds
   * @returns milliseconds from the start of its first try to the end of the one that ended last
   */
  upstreamMs(now: number): number {
    const [first] = this.tries;
    if (!first) return 0;
    let end = 0;
    for (const { startedAt, durationMs } of this.tries)
      end = Math.max(end, startedAt + (durationMs || now - startedAt));
    return end - first.startedAt;
  }

  /**
   * The upstream that `outcome` is about: the one that failed, also when another one took its place, or else that of the
   * last try.
   */
  get concerned(): Pick<RequestFailure, 'upstream' | 'target'> | undefined {
    return this.failure ?? this.tries.at(-1);
  }

  /** Gives up the call to the upstream, whose answer cannot be used. */
  abandon(): void {
    this.gone.abort();
  }

  /** The response has closed: nobody waits for an answer any more. */
  close(now: number): void {
    this.endedAt = now;
    if (this.res.writableFinished) {
      this.outcome ??= 'success';
    } else {
      this.outcome ??= 'client_gone';
      this.gone.abort();
    }
  }
}

/** @returns what applies to answers to a request, also when its route does not take its method */
export function corsOf(
  { match, code }: Pick<ExchangeHead, 'match' | 'code'>,
  serverCors: CorsConfig,
): CorsConfig {
  const taker = code ?? (match.kind === 'none' ? undefined : match.route.config);
  return taker?.cors ?? serverCors;
}

const EXCHANGE = Symbol('exchange');

type WithExchange = IncomingMessage & { [EXCHANGE]?: Exchange };

export function attachExchange(req: Request, exchange: Exchange): void {
  (req as WithExchange)[EXCHANGE] = exchange;
}

/** @returns the request's record, or `undefined` if the request was refused before it got one */
export function exchangeOf(req: IncomingMessage): Exchange | undefined {
  return (req as WithExchange)[EXCHANGE];
}

/** @returns milliseconds that a client has for its whole request; `undefined` where nothing but the server says so */
export function requestTimeoutOf(req: IncomingMessage): number | undefined {
  const exchange = exchangeOf(req);
  return (exchange?.head.code ?? exchange?.route?.config)?.requestTimeout;
}

/** @returns the label `route` of metrics: the path of the handler of code, or the id of the route */
export function routeLabelOf({ req, route }: Exchange): string {
  return handlerPathOf(req) ?? route?.config.id ?? 'none';
}

/**
 * The path of the handler of code that a request has reached, such as `/greetings/:id`. Express sets it before Nest's
 * guards run, and there are as many paths as handlers, so it can be a label.
 *
 * @returns `undefined` for a request that is forwarded or that no handler takes
 */
export function handlerPathOf(req: Request): string | undefined {
  // Express types it as `any`.
  const { route } = req as { route?: { readonly path: unknown } };
  return route && String(route.path);
}
