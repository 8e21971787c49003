import { formatDuration, formatSize } from '../../common/units.js';
import type { CodeRouteConfig } from '../config/code-route.js';
import type {
  AccessConfig,
  CorsConfig,
  GatewayConfig,
  RouteAuthConfig,
  RouteCacheConfig,
  RouteConfig,
} from '../config/gateway-config.js';
import { isPublic } from '../config/schema/gateway.js';

type Line = readonly [stage: string, text: string];

/** The options that a route and a handler of code have in common. */
interface Options
  extends
    Pick<RouteConfig, 'cors' | 'access' | 'maintenance' | 'limits' | 'rateLimit' | 'fault'>,
    Partial<Pick<RouteConfig, 'plugins'>> {
  readonly auth?: 'none' | Partial<RouteAuthConfig> | undefined;
  readonly cache?: Pick<RouteCacheConfig, 'per' | 'ttl'> | undefined;
}

/** @returns what options do with a request before it is forwarded or handled, in words */
export function explainOptions(gateway: GatewayConfig, options: Options, method: string): Line[] {
  const { maintenance, plugins = [], cache, fault } = options;
  const first = explainRules(gateway, options);
  if (maintenance) return first;
  const lines: (Line | undefined)[] = [
    ...first,
    ...countsOf(gateway, options),
    ['auth', authOf(gateway, options)],
    plugins.length > 0
      ? ['plugins', `${plugins.join(', then ')}; in the reverse order for the response.`]
      : undefined,
    cache && ['cache', cacheOf(cache, method)],
    fault && ['fault', 'Delays or aborts a share of the requests (`fault`).'],
  ];
  return lines.filter((line) => line !== undefined);
}

/**
 * @param config of `@GatewayRoute()`; `undefined` without it
 * @returns the same for a handler of code
 */
export function explainCode(
  gateway: GatewayConfig,
  config: CodeRouteConfig | undefined,
  method: string,
): Line[] {
  if (!config) {
    const inherited = explainOptions(gateway, {}, method).filter(([stage]) => stage !== 'auth');
    return [...inherited, ['auth', 'Its own guards decide, since it has no `@GatewayRoute()`.']];
  }
  const { auth, scopes, cache, timeout } = config;
  const { ttl = gateway.cache.ttl, per = auth === 'none' ? 'public' : 'user' } = cache ?? {};
  const whole =
    auth === 'none' || scopes.length === 0 ? auth : { ...auth, scopes: [...scopes, ...(auth?.scopes ?? [])] };
  const lines = explainOptions(gateway, { ...config, auth: whole, cache: cache && { ttl, per } }, method);
  if (timeout === undefined || config.maintenance) return lines;
  return [...lines, ['deadline', `All its calls to upstreams within ${formatDuration(timeout)}.`]];
}

function explainRules({ server }: GatewayConfig, route: Options): Line[] {
  const rules: Line[] = [
    ['cors', corsOf(route.cors ?? server.cors)],
    ['access', [server.access, route.access].map(accessOf).filter(Boolean).join(' ')],
    ['maintenance', maintenanceOf(route)],
    ['limits', limitsOf(route)],
  ];
  return rules.filter(([, text]) => text !== '');
}

/** @returns what becomes of a preflight that the gateway answers */
export function explainPreflight(cors: CorsConfig): Line[] {
  return [['cors', `The gateway answers this preflight. ${corsOf(cors)}`]];
}

function corsOf({ origins }: CorsConfig): string {
  if (origins.length === 0) return '';
  return `Pages of ${origins.includes('*') ? 'every origin' : origins.join(', ')} can call.`;
}

function maintenanceOf({ maintenance }: Options): string {
  if (!maintenance) return '';
  return `Every request is answered with 503 maintenance, to be repeated in ${formatDuration(maintenance.retryAfter)}.`;
}

function accessOf(access: AccessConfig | undefined): string {
  const { allow = [], deny = [] } = access ?? {};
  if (allow.length === 0 && deny.length === 0) return '';
  const from = allow.length > 0 ? `From ${allow.join(', ')} only` : 'From everywhere';
  const except = deny.length > 0 ? ` except ${deny.join(', ')}` : '';
  return `${from}${except}: others get 403 address_denied.`;
}

function limitsOf({ limits = {} }: Options): string {
  const { maxHeaderBytes, maxQueryBytes, maxQueryParameters, contentTypes } = limits;
  const most = [
    maxHeaderBytes !== undefined && `${formatSize(maxHeaderBytes)} of head`,
    maxQueryBytes !== undefined && `${formatSize(maxQueryBytes)} of query`,
    maxQueryParameters !== undefined && `${maxQueryParameters} query parameters`,
  ].filter(Boolean);
  return [
    most.length > 0 && `At most ${most.join(', ')}.`,
    contentTypes && `Bodies of ${contentTypes.join(', ')} only.`,
  ]
    .filter(Boolean)
    .join(' ');
}

function authOf(gateway: GatewayConfig, route: Options): string {
  if (isPublic(route, gateway)) return 'Anybody may call.';
  const {
    providers,
    scopes = [],
    claims = {},
    optional,
  } = route.auth === 'none' || !route.auth ? {} : route.auth;
  const issuers = (providers ?? Object.keys(gateway.auth)).join(' or ');
  const scope = scopes.length > 0 ? ` with the scopes ${scopes.join(', ')}` : '';
  const names = Object.keys(claims);
  const claim = names.length > 0 ? ` and the required claims ${names.join(', ')}` : '';
  return `${optional ? 'May have' : 'Requires'} a valid credential of ${issuers}${scope}${claim}.`;
}

function countsOf({ server }: GatewayConfig, route: Options): Line[] {
  const rates = [...(server.rateLimit ?? []), ...(route.rateLimit ?? [])].map(
    ({ requests, per, burst, key, mode }): Line => {
      const extra = burst > 0 ? ` and a burst of ${burst}` : '';
      const shadow = mode === 'shadow' ? ' It only reports (`mode: shadow`).' : '';
      return ['rate limit', `${requests} in ${formatDuration(per)}${extra} for each ${key}.${shadow}`];
    },
  );
  const { requestsPerIp, requestsPerUser } = { ...server.limits, ...route.limits };
  const inFlight = [
    requestsPerIp && `${requestsPerIp} for each address`,
    requestsPerUser && `${requestsPerUser} for each user`,
  ].filter(Boolean);
  return inFlight.length === 0 ? rates : [...rates, ['in flight', `At most ${inFlight.join(', ')}.`]];
}

function cacheOf({ per, ttl }: Pick<RouteCacheConfig, 'per' | 'ttl'>, method: string): string {
  if (method !== 'GET' && method !== 'HEAD') return 'A success invalidates the stored response.';
  const whose = per === 'user' ? 'the copy of its user' : 'the copy of all users';
  return `Answered from ${whose} while that is fresh; ${formatDuration(ttl)} unless the response says otherwise.`;
}
