/** The public surface, for gateways that are extended in code. */
import 'reflect-metadata';

export { ProblemError, type ProblemDetails, type ProblemOptions } from './common/errors/problem.js';
export { PROBLEMS, type ProblemCode } from './common/errors/codes.js';
export { OUTCOMES, type Outcome, type OutcomeRow } from './common/errors/outcomes.js';
export { BreakwaterModule, type BreakwaterOptions } from './breakwater.module.js';
export * from './config.js';
export { definePlugin } from './modules/config/plugins/define-plugin.js';
export type * from './modules/config/plugins/plugin.types.js';
export { Gateway, type GatewayOptions, type ShutdownOptions } from './gateway.js';
export { JsonLogger } from './logger.js';
export { CurrentUser, Public, Scopes } from './modules/auth/auth.decorators.js';
export { AuthModule } from './modules/auth/auth.module.js';
export { JwtAuthGuard } from './modules/auth/jwt-auth.guard.js';
export { CacheModule } from './modules/cache/cache.module.js';
export { Cached, type CachedOptions } from './modules/cache/code-cache.interceptor.js';
export { type ConfigFileOptions, InvalidConfigError } from './modules/config/load-or-throw.js';
export type { ConfigDiff } from './modules/config/reload/config-diff.js';
export type { Reload } from './modules/config/reload/config-reloader.js';
export { RateLimit, type RateLimitOptions } from './modules/rate-limit/rate-limit.decorator.js';
export { RateLimitModule } from './modules/rate-limit/rate-limit.module.js';
export { CurrentExchange, GatewayRoute } from './modules/proxy/code/code-route.decorator.js';
export type { CodeRouteOptions } from './modules/config/code-route.js';
export { MetricsInterceptor } from './modules/metrics/metrics.interceptor.js';
export { MetricsModule } from './modules/metrics/metrics.module.js';
export { type Exchange, exchangeOf } from './modules/routing/exchange.js';
export type { Identity } from './modules/routing/identity.js';
export { HttpServerAdapter as BreakwaterAdapter } from './modules/server/http-server.adapter.js';
export type { BreakerState, BreakerTransition } from './modules/upstream/breaker/breaker.types.js';
export type { Address, Resolver } from './modules/upstream/dns/resolver.js';
export { gather, type GatherOptions, type OptionalPart, type Part } from './modules/upstream/gather.js';
export {
  getUpstreamHealthToken,
  getUpstreamHttpToken,
  getUpstreamToken,
  InjectUpstream,
  InjectUpstreamHealth,
  InjectUpstreamHttp,
} from './modules/upstream/inject-upstream.decorator.js';
export { UpstreamError } from './modules/upstream/upstream.error.js';
export { UpstreamHealthIndicator } from './modules/upstream/upstream-health.indicator.js';
export { UpstreamModule } from './modules/upstream/upstream.module.js';
export { UpstreamProxy } from './modules/upstream/upstream-proxy.js';
export { UpstreamRegistry } from './modules/upstream/upstream.registry.js';
export type { BodySink, UpstreamRequest, UpstreamResponse } from './modules/upstream/upstream.types.js';
