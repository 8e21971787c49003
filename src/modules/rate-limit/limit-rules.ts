import type { GatewayConfig, RateLimitConfig, RouteConfig } from '../config/gateway-config.js';
import type { Exchange } from '../routing/exchange.js';
import { keyReader } from './client-key.js';
import type { LimitScope, RateLimiter } from './rate-limiter.js';

/** One limit as a request meets it. */
export interface LimitRule {
  readonly limiter: RateLimiter;
  readonly config: RateLimitConfig;
  /** Name in `RateLimit` and `RateLimit-Policy`, in quotes. */
  readonly name: string;
  readonly keyOf: (exchange: Exchange) => string;
}

/** Rules that are applied together. */
export interface Stage {
  readonly rules: readonly LimitRule[];
  /** `RateLimit-Policy`, of those that are enforced. */
  readonly policy: string;
}

/** What applies before a request is authenticated, when its user is not known yet, and after. */
export interface LimitStages {
  readonly before: Stage;
  readonly after: Stage;
}

/** The limits of a configuration: compiled when it is loaded, and then read by every request. */
export interface LimitModel {
  /** For requests without a route. */
  readonly server: LimitStages;
  readonly routes: ReadonlyMap<RouteConfig, LimitStages>;
  /** Each once. */
  readonly rules: readonly LimitRule[];
}

export type FindLimiter = (scope: LimitScope, config: RateLimitConfig) => RateLimiter;

export function compileLimits({ server, routes }: GatewayConfig, find: FindLimiter): LimitModel {
  const ofServer = compileRules({ kind: 'server', name: '' }, server.rateLimit, find);
  const ofRoutes = routes
    .filter(({ hasLimits }) => hasLimits)
    .map((route) => [route, compileRules({ kind: 'route', name: route.id }, route.rateLimit, find)] as const);
  return {
    server: stagesOf(ofServer),
    routes: new Map(ofRoutes.map(([route, own]) => [route, stagesOf([...ofServer, ...own])])),
    rules: [...ofServer, ...ofRoutes.flatMap(([, own]) => own)],
  };
}

export function compileRules(
  scope: LimitScope,
  configs: readonly RateLimitConfig[] = [],
  find: FindLimiter,
): LimitRule[] {
  const names = new Map<string, number>();
  return configs.map((config) => {
    const { key } = config;
    const base = (scope.kind === 'server' ? 'server-' : '') + key.replace(':', '-');
    const number = (names.get(base) ?? 0) + 1;
    names.set(base, number);
    return {
      limiter: find(scope, config),
      config,
      name: number === 1 ? `"${base}"` : `"${base}-${number}"`,
      keyOf: keyReader(key),
    };
  });
}

function stagesOf(rules: readonly LimitRule[]): LimitStages {
  const { before = [], after = [] } = Object.groupBy(rules, ({ config }) =>
    config.key === 'user' ? 'after' : 'before',
  );
  return { before: stageOf(before), after: stageOf(after) };
}

/** Both fields are lists of strings with parameters (RFC 9651), as in draft-ietf-httpapi-ratelimit-headers-10. */
export function stageOf(rules: readonly LimitRule[]): Stage {
  const policies = rules
    .filter(({ config }) => config.mode === 'enforce')
    .map(({ name, config }) => `${name};q=${config.requests};w=${config.per / 1000}`);
  return { rules, policy: policies.join(', ') };
}
