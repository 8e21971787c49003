import type { z } from 'zod';
import type { PUBLIC_KEY_ALGORITHMS, SECRET_ALGORITHMS } from './schema/auth.js';
import type { gatewaySchema } from './schema/gateway.js';

type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;
type Entry<T> = T[keyof T];

/**
 * The configuration as the schema outputs it: every unit is resolved and every default filled in. Durations are
 * milliseconds, sizes are bytes, ratios are 0..1, and header names are lower case. The whole tree is frozen.
 */
export type GatewayConfig = Frozen<z.output<typeof gatewaySchema>>;

export type ServerConfig = GatewayConfig['server'];
export type AccessConfig = ServerConfig['access'];
export type ErrorsConfig = ServerConfig['errors'];
export type ServerTlsConfig = NonNullable<ServerConfig['tls']>;
export type OverloadConfig = Exclude<ServerConfig['overload'], 'off'>;
export type CorsConfig = ServerConfig['cors'];
export type SecurityHeadersConfig = ServerConfig['securityHeaders'];
export type LogConfig = GatewayConfig['log'];
export type AccessLogConfig = GatewayConfig['accessLog'];
export type TracingConfig = GatewayConfig['tracing'];
export type RedisConfig = GatewayConfig['redis'];

export type AuthProviderConfig = Entry<GatewayConfig['auth']>;
export type JwksConfig = AuthProviderConfig['jwks'];
export type IntrospectionConfig = NonNullable<AuthProviderConfig['introspection']>;
export type ClientCertificateConfig = NonNullable<AuthProviderConfig['clientCertificate']>;
export type SecretAlgorithm = (typeof SECRET_ALGORITHMS)[number];
export type PublicKeyAlgorithm = (typeof PUBLIC_KEY_ALGORITHMS)[number];
export type TokenAlgorithm = SecretAlgorithm | PublicKeyAlgorithm;

export function isPublicKeyAlgorithm(algorithm: TokenAlgorithm): algorithm is PublicKeyAlgorithm {
  return !algorithm.startsWith('HS');
}

export type PluginConfig = Entry<GatewayConfig['plugins']>;

export type UpstreamConfig = Entry<GatewayConfig['upstreams']>;
export type TargetConfig = UpstreamConfig['targets'][number];
export type TlsConfig = NonNullable<UpstreamConfig['tls']>;
export type RetryConfig = UpstreamConfig['retry'];
export type HedgeConfig = NonNullable<UpstreamConfig['hedge']>;
export type BreakerConfig = UpstreamConfig['breaker'];
export type HealthConfig = NonNullable<UpstreamConfig['health']>;
export type FallbackConfig = NonNullable<UpstreamConfig['fallback']>;

export type RouteConfig = GatewayConfig['routes'][number];
export type Priority = RouteConfig['priority'];
export type RouteMatchConfig = RouteConfig['match'];
export type SplitConfig = NonNullable<RouteConfig['split']>[number];
export type GatherConfig = NonNullable<RouteConfig['gather']>;
export type RateLimitConfig = NonNullable<RouteConfig['rateLimit']>[number];
export type RewriteConfig = NonNullable<RouteConfig['rewrite']>;
export type MirrorConfig = NonNullable<RouteConfig['mirror']>;
export type FaultConfig = NonNullable<RouteConfig['fault']>;
export type WebSocketConfig = NonNullable<RouteConfig['websocket']>;
export type RouteCacheConfig = NonNullable<RouteConfig['cache']>;
export type MaintenanceConfig = NonNullable<RouteConfig['maintenance']>;
export type RouteLimitsConfig = NonNullable<RouteConfig['limits']>;
export type RouteAuthConfig = Exclude<NonNullable<RouteConfig['auth']>, 'none'>;
export type ClaimRequirement = Entry<RouteAuthConfig['claims']>;
