import type { AuthProviderConfig } from './auth-config.js';
import type { RouteConfig } from './route-config.js';
import type { TlsConfig, UpstreamConfig } from './upstream-config.js';

export * from './auth-config.js';
export type * from './route-config.js';
export type * from './upstream-config.js';

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
  /** Idle time of a client that has bytes of its answer to take. */
  readonly sendTimeout: number;
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
