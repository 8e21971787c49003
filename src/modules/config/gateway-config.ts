import type { HeaderRulesConfig } from '../../common/http/header-rules.js';

/**
 * What the user wrote, parsed and complete: every default filled in, every unit resolved.
 * Durations are milliseconds, sizes are bytes, ratios are 0..1. The whole tree is frozen.
 */
export interface GatewayConfig {
  readonly server: ServerConfig;
  readonly management: ManagementConfig;
  /** Token issuers by id. When there is one, a route without `auth` requires a valid token. */
  readonly auth: Readonly<Record<string, AuthProviderConfig>>;
  readonly redis: RedisConfig;
  readonly cache: CacheConfig;
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>;
  readonly routes: readonly RouteConfig[];
}

export interface ServerConfig {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** CIDRs (or single addresses) of the peers whose forwarding headers are believed. */
  readonly trustProxy: readonly string[];
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  readonly shutdown: { readonly delay: number; readonly drain: number };
  readonly cors: CorsConfig;
}

/** An empty `origins` turns CORS off: upstreams then answer preflights themselves. */
export interface CorsConfig {
  readonly origins: readonly string[];
  readonly methods: readonly string[];
  readonly headers: readonly string[];
  readonly credentials: boolean;
  readonly maxAge: number;
}

export interface ManagementConfig {
  readonly host: string;
  readonly port: number;
  /** Empty: administration is open on loopback and closed elsewhere. */
  readonly token: string;
}

export type SecretAlgorithm = 'HS256' | 'HS384' | 'HS512';
export type PublicKeyAlgorithm =
  'RS256' | 'RS384' | 'RS512' | 'PS256' | 'PS384' | 'PS512' | 'ES256' | 'ES384' | 'ES512' | 'EdDSA';
export type TokenAlgorithm = SecretAlgorithm | PublicKeyAlgorithm;

export function isPublicKeyAlgorithm(algorithm: TokenAlgorithm): algorithm is PublicKeyAlgorithm {
  return !algorithm.startsWith('HS');
}

/**
 * At most one of `secret`, `publicKey`, `jwksUri`, `apiKeys` and `introspection` is there, and `algorithms` fits its
 * kind. With none of them the discovery document of `issuer` says where the keys are.
 */
export interface AuthProviderConfig {
  readonly secret?: string;
  /** PEM text of the public key. */
  readonly publicKey?: string;
  readonly jwksUri?: string;
  readonly jwks: JwksConfig;
  readonly introspection?: IntrospectionConfig;
  readonly apiKeys?: readonly ApiKeyConfig[];
  /** Where an API key is sent; lower case. */
  readonly header: string;
  /** Query parameter in which it may be instead. */
  readonly query?: string;
  readonly issuer?: string;
  readonly audience?: readonly string[];
  readonly algorithms: readonly TokenAlgorithm[];
  readonly clockSkew: number;
  /** Claims that upstreams are told, each in a header `X-User-...` or `X-Jwt-...`. */
  readonly forwardClaims: Readonly<Record<string, string>>;
}

/** How an issuer is asked about tokens (RFC 7662). */
export interface IntrospectionConfig {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly timeout: number;
  /** An answer is used at most this long, and no longer than until the token's `exp`. */
  readonly maxAge: number;
}

export interface ApiKeyConfig {
  /** Who has it; the subject of its identity. */
  readonly id: string;
  /** `sha256:` and 64 hex digits. */
  readonly hash: string;
  readonly scopes: readonly string[];
}

/** How the keys of an issuer are kept. */
export interface JwksConfig {
  /** Between two fetches. */
  readonly refresh: number;
  /** Between two fetches because of a key id that is not known. */
  readonly cooldown: number;
  /** Since the last successful fetch; older keys are not used. */
  readonly maxStale: number;
  /** For one fetch. */
  readonly timeout: number;
}

/** At most one of `url`, `cluster` and `sentinel` says where Redis is; with none there is no Redis. */
export interface RedisConfig {
  /** `redis://` or `rediss://`; may be empty. */
  readonly url: string;
  /** URLs of one scheme, as for sentinels. */
  readonly cluster?: readonly string[];
  readonly sentinel?: SentinelConfig;
  readonly tls?: TlsConfig;
  /** Has no braces, which mean something in the keys of a cluster. */
  readonly keyPrefix: string;
  readonly connectTimeout: number;
  /** Longest that a request waits for Redis. */
  readonly commandTimeout: number;
}

export interface SentinelConfig {
  /** Of the master. */
  readonly name: string;
  readonly nodes: readonly string[];
  /** At the servers; those for a sentinel are in its URL. */
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
}

export interface CacheConfig {
  readonly maxBytes: number;
  readonly maxEntryBytes: number;
  readonly ttl: number;
}

export interface UpstreamConfig {
  /** At least one; `url` is one of weight 1. */
  readonly targets: readonly TargetConfig[];
  readonly balancer: BalancerName;
  /** What `consistent-hash` goes by: the client's address, the user, or a header (lower case). */
  readonly hashOn: 'ip' | 'user' | `header:${string}`;
  readonly outlier: OutlierConfig;
  /** Over which a target that comes back gets its share again; 0: at once. */
  readonly slowStart: number;
  /** Until response headers. */
  readonly timeout: number;
  readonly connectTimeout: number;
  /** Idle time between two body chunks. */
  readonly bodyTimeout: number;
  readonly tls?: TlsConfig;
  /** Only ever over TLS, where the target offers it. */
  readonly http2: boolean;
  readonly pool: { readonly connections: number };
  readonly bulkhead: BulkheadConfig;
  readonly retry: RetryConfig;
  readonly hedge?: HedgeConfig;
  readonly breaker: BreakerConfig;
  readonly health?: HealthConfig;
  readonly fallback?: FallbackConfig;
}

export type BalancerName = 'power-of-two' | 'round-robin' | 'random' | 'least-requests' | 'consistent-hash';

export interface TargetConfig {
  /** Origin, with an optional path prefix that is put before the forwarded path. */
  readonly url: string;
  readonly weight: number;
}

/** PEM texts are checked; `cert` and `key` come together and belong together. */
export interface TlsConfig {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
}

export interface OutlierConfig {
  /** Failing tries in a row that eject a target. */
  readonly consecutiveFailures: number;
  readonly ejectFor: number;
  /** Share of the targets that may be out at a time. */
  readonly maxEjected: number;
}

export interface BulkheadConfig {
  readonly concurrent: number;
  /** The limit is learnt from latency; `concurrent` is the most it can be. */
  readonly adaptive: boolean;
  readonly queue: number;
}

export interface RetryConfig {
  /** Tries after the first; 0 for none. */
  readonly attempts: number;
  readonly on: readonly ('connect' | 'reset' | number)[];
  readonly backoff: { readonly base: number; readonly max: number };
  /** Share of the active calls that may be retries. */
  readonly budget: number;
  /** `undefined`: a try may take what is left of the deadline. */
  readonly perTryTimeout?: number;
  /** Larger bodies are sent once. */
  readonly maxBodyBytes: number;
}

/** A second try beside a slow first one. */
export interface HedgeConfig {
  /** Without a response head for this long; `p95` of the upstream's own latency of late. */
  readonly after: 'p95' | number;
}

export interface BreakerConfig {
  readonly errorRate: number;
  readonly window: number;
  readonly minRequests: number;
  readonly consecutiveFailures: number;
  readonly openFor: number;
  readonly maxOpenFor: number;
  readonly failureStatuses: readonly number[];
  /** `shadow` evaluates and reports, and rejects nothing. */
  readonly mode: 'enforce' | 'shadow';
}

export interface HealthConfig {
  readonly path: string;
  readonly interval: number;
  readonly unhealthyInterval: number;
  readonly timeout: number;
  /** Failing probes in a row that open the breaker. */
  readonly failures: number;
  /** Passing probes in a row that close it. */
  readonly passes: number;
  /** Inclusive ranges: `[200-299]` is `[[200, 299]]`. */
  readonly statuses: readonly (readonly [from: number, to: number])[];
}

/** What is tried in turn when an upstream fails; at least one of them is there. */
export interface FallbackConfig {
  /** Is in the `staleIfError` of the routes already. */
  readonly stale: boolean;
  /** Id of another upstream, from which no chain of fallbacks leads back. */
  readonly upstream?: string;
  readonly response?: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** A string is sent as it is, anything else as JSON. */
    readonly body: unknown;
  };
}

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
  /** Overrides the server's `maxBodyBytes`. */
  readonly maxBodyBytes?: number;
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
