import type { z } from 'zod';

/**
 * What a plugin adds to the gateway. Its functions are called for each entry of `plugins` when a configuration is loaded,
 * and once more before that at the start, to check that they do not fail.
 */
export interface Plugin<Options = unknown> {
  /** For messages, and the name by which `use` finds a plugin that is given in code. */
  readonly name: string;
  /** A schema of zod for `options`, in which `.describe()` is not needed. Without it, the plugin takes no options. */
  readonly options?: z.ZodType<Options>;
  /** Sees the requests and responses of the routes that list the plugin under `plugins`. */
  hooks?(options: Options, context: PluginContext): RequestHooks;
  /** Proves who has sent a request, for providers of `auth` that name the plugin. */
  auth?(options: Options, context: PluginContext): Authenticator;
  /** Chooses among the targets of upstreams whose `balancer` is the plugin. */
  balancer?(options: Options, context: PluginContext): PickTarget;
  /** Answers in place of upstreams whose `fallback.plugin` is the plugin. */
  fallback?(options: Options, context: PluginContext): AnswerInstead;
}

export type PluginKind = Exclude<keyof Plugin, 'name' | 'options'>;

export interface PluginContext {
  /** Key of the entry under `plugins`. */
  readonly id: string;
  /** Absolute path of the folder of the configuration, to which paths in options are relative. */
  readonly folder: string;
  /**
   * Aborts when no request can call the instance any more: the gateway stops, or a reload has replaced it and all requests
   * that began before are answered.
   */
  readonly signal: AbortSignal;
}

/** A request as plugins see it. It is the same object in all calls for a request, so it can be the key of a `WeakMap`. */
export interface PluginRequest {
  /** The id in logs, in `X-Request-Id` and in error answers. */
  readonly id: string;
  readonly method: string;
  /** Normalised: what the route was matched by. */
  readonly path: string;
  /** Raw, with its `?`; empty without a query. */
  readonly query: string;
  /** As the client has sent them, with the changes of hooks that ran before; lower-cased names. */
  readonly headers: PluginHeaders;
  /** Address of the client, seen through trusted proxies. */
  readonly clientIp: string;
  /** Id of the route, or path of the handler of code such as `/invoices/:id`. */
  readonly route: string | undefined;
  /** The verified caller; `undefined` for an anonymous request, and before authentication. */
  readonly identity: PluginIdentity | undefined;
  /**
   * Aborts when nobody waits for the call: the client is gone, or the plugin has used up its `timeout`. Each call has a
   * signal of its own, so it is to be read before the first `await`.
   */
  readonly signal: AbortSignal;
}

export type PluginHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Who has sent a request. It is frozen, claims included. */
export interface PluginIdentity {
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly claims: Readonly<Record<string, unknown>>;
}

/** New values of headers, several lines as a list; `null` removes a header. */
export type HeaderChanges = Readonly<Record<string, string | readonly string[] | null>>;

/** An answer in place of that of the upstream. */
export interface PluginResponse {
  /** 200 to 599. */
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Text and bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
}

/** The head of a response as a client gets it. */
export interface PluginResponseHead {
  readonly status: number;
  /** Lower-cased names. */
  readonly headers: PluginHeaders;
}

/** What becomes of a request: nothing is `undefined`. */
export interface RequestDecision {
  /** Changes to the headers that the upstream gets. */
  readonly headers?: HeaderChanges;
  /** Answers the request, which goes no further. */
  readonly response?: PluginResponse;
}

/** What becomes of a response: nothing is `undefined`. */
export interface ResponseDecision {
  readonly status?: number;
  readonly headers?: HeaderChanges;
}

type Maybe<T> = T | undefined | void;

export interface RequestHooks {
  /** Called once the caller is known and within its limits, before the cache is asked. */
  onRequest?(request: PluginRequest): Maybe<RequestDecision> | Promise<Maybe<RequestDecision>>;
  /** Called for each response of an upstream or of the cache, before it is written. */
  onResponse?(
    response: PluginResponseHead,
    request: PluginRequest,
  ): Maybe<ResponseDecision> | Promise<Maybe<ResponseDecision>>;
}

export interface Authenticator {
  /** Headers that may have a credential. Upstreams do not get them, except on routes with `auth.forward`. */
  readonly headers?: readonly string[];
  /** A challenge for `WWW-Authenticate` of a 401. Default: `Credential realm="breakwater"`. */
  readonly challenge?: string;
  authenticate(request: PluginRequest): AuthDecision | Promise<AuthDecision>;
}

/** `missing`: the request has no credential that the plugin knows, so others are asked. `invalid`: it is refused. */
export type AuthDecision = 'missing' | 'invalid' | VerifiedCaller;

export interface VerifiedCaller {
  /** Who the caller is, which upstreams get as `X-User-Id`. */
  readonly subject: string;
  readonly scopes?: readonly string[];
  /** For `auth.claims` of routes and `forwardClaims`. */
  readonly claims?: Readonly<Record<string, unknown>>;
}

/**
 * Chooses a target for a try. It is called at once and never awaited.
 *
 * @param targets those that are available and were not tried for the request yet; it is not called for a single target
 * @returns one of them, or nothing to leave the choice to `power-of-two`
 */
export type PickTarget = (targets: readonly BalancerTarget[], call: BalancerCall) => Maybe<BalancerTarget>;

export interface BalancerTarget {
  readonly url: string;
  readonly weight: number;
  /** Tries under way. */
  readonly inFlight: number;
}

/** What a target is chosen for. */
export interface BalancerCall {
  /** Id of the upstream. */
  readonly upstream: string;
  readonly method: string;
  /** Path and query that the upstream gets. */
  readonly path: string;
  /** @returns the value of a header that the upstream gets, whatever the case of its name */
  header(name: string): string | undefined;
}

/** @returns an answer in place of an upstream that has failed; nothing, for the next fallback to answer */
export type AnswerInstead = (
  failure: UpstreamFailure,
  request: PluginRequest,
) => Maybe<PluginResponse> | Promise<Maybe<PluginResponse>>;

export interface UpstreamFailure {
  /** Id of the upstream. */
  readonly upstream: string;
  /** As in metrics and logs: `breaker_open`, `connect_failed`, `deadline`. */
  readonly outcome: string;
}
