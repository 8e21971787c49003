import type { HeaderRulesConfig } from '../../common/http/header-rules.js';

export interface RouteConfig {
  readonly id: string;
  readonly match: RouteMatchConfig;
  /** Of a split route, its first side. */
  readonly upstream: string;
  /** Goes before `upstream`. */
  readonly split?: readonly SplitConfig[];
  /** `undefined`: a token of any provider if one is configured; `'none'`: public. */
  readonly auth?: 'none' | RouteAuthConfig;
  readonly cache?: RouteCacheConfig;
  readonly mirror?: MirrorConfig;
  readonly fault?: FaultConfig;
  readonly rewrite?: RewriteConfig;
  readonly headers?: { readonly request: HeaderRulesConfig; readonly response: HeaderRulesConfig };
  /** Overrides the upstream's `timeout`. */
  readonly timeout?: number;
  /** By default that of the server. */
  readonly maxBodyBytes: number;
  /** `undefined`: `Upgrade` is ignored. */
  readonly websocket?: WebSocketConfig;
}

export interface WebSocketConfig {
  readonly idleTimeout: number;
  /** When the token of the handshake does. */
  readonly closeOnExpiry: boolean;
  /** Of one message, in either direction. */
  readonly maxMessageBytes: number;
  /** Of a client in a second; empty frames count as well. */
  readonly maxControlFrames: number;
  /** Of the pages that may open one, beside the gateway's own. `undefined`: those of CORS; without CORS, any. */
  readonly origins?: readonly string[];
}

export interface SplitConfig {
  readonly upstream: string;
  /** 0 for nobody; at least one side has more. */
  readonly weight: number;
}

export interface MirrorConfig {
  readonly upstream: string;
  /** Share of the requests that are copied. */
  readonly percent: number;
}

export interface FaultConfig {
  readonly delay?: { readonly percent: number; readonly for: number };
  readonly abort?: { readonly percent: number; readonly status: number };
}

/** Checked against the path of the route's match. */
export type RewriteConfig = { readonly stripPrefix: string } | { readonly path: string };

export interface RouteMatchConfig {
  readonly path: string;
  /** Empty: every method. Upper case. */
  readonly methods: readonly string[];
  /** Empty: every host. Lower case; `*.example.com` takes one or more labels. */
  readonly hosts: readonly string[];
  /** Name (lower case) to the exact value it must have. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface RouteAuthConfig {
  /** `undefined`: every provider. */
  readonly providers?: readonly string[];
  /** The token must have all of them. */
  readonly scopes: readonly string[];
  /** Names, or paths such as `realm_access.roles`; all must hold. */
  readonly claims: Readonly<Record<string, ClaimRequirement>>;
  readonly optional: boolean;
  readonly forward: boolean;
}

export type ClaimValue = string | number | boolean;

/** The claim is one of these values, or a list with all of those in it. */
export type ClaimRequirement =
  { readonly oneOf: readonly ClaimValue[] } | { readonly contains: readonly ClaimValue[] };

export interface RouteCacheConfig {
  readonly ttl: number;
  /** `ttl` counts even where a response has a lifetime of its own. */
  readonly override: boolean;
  readonly per: 'user' | 'public';
  /** After its lifetime, while the upstream fails; 0: never. */
  readonly staleIfError: number;
  /** Answers of the upstream that are its failure, and in whose place a stale one is given. */
  readonly staleInsteadOf: readonly number[];
  /** After its lifetime, while a new answer is on its way; 0: never. */
  readonly staleWhileRevalidate: number;
  /** `undefined`: what RFC 9111 allows. */
  readonly statuses?: readonly number[];
}
