import type { GatewayConfig, RouteConfig } from '../gateway-config.js';
import { placeKey } from '../match-key.js';
import type { ConfigPath } from '../problem.js';
import { sidesOf } from '../schema/gateway.js';
import type { ConfigSource } from '../source/config-source.js';
import { PROVIDER_LINTS } from './providers.js';
import { ROUTE_LINTS } from './routes.js';
import { type UpstreamLint, UPSTREAM_LINTS } from './upstreams.js';

/** A configuration that is valid but probably not what the user meant. */
export interface LintWarning {
  readonly id: string;
  readonly path: ConfigPath;
  readonly message: string;
}

/** The keys that the user wrote. Those of `defaults` are under each upstream, as inherited ones. */
type Written = Pick<ConfigSource, 'has' | 'isInherited'>;

/** Finds settings that are valid one by one and make little sense together. */
export function lintConfig(config: GatewayConfig, written: Written): LintWarning[] {
  const warnings = [...lintProviders(config), ...lintUpstreams(config, written), ...lintRoutes(config)];
  if (config.routes.length > 0) return warnings;
  const message = 'there is no route, so every request is answered with 404';
  return [...warnings, { id: 'no-route', path: ['routes'], message }];
}

function lintProviders(config: GatewayConfig): LintWarning[] {
  return Object.entries(config.auth).flatMap(([id, provider]) =>
    PROVIDER_LINTS.flatMap((lint) => warning(lint.id, ['auth', id], lint.check(provider, id, config))),
  );
}

function lintRoutes(config: GatewayConfig): LintWarning[] {
  const places = Map.groupBy(config.routes, ({ match }) => placeKey(match));
  return config.routes.flatMap((route, index) =>
    ROUTE_LINTS.flatMap((lint) => {
      const path = ['routes', index, ...lint.key.split('.')];
      return warning(lint.id, path, lint.check(route, config, places.get(placeKey(route.match)) ?? []));
    }),
  );
}

function lintUpstreams(config: GatewayConfig, written: Written): LintWarning[] {
  const upstreams = Object.entries(config.upstreams).map(([id, upstream]) => ({
    id,
    upstream,
    routes: routesTo(config, id),
  }));
  return UPSTREAM_LINTS.flatMap((lint) => {
    const found = upstreams.flatMap(({ id, upstream, routes }) => {
      const keys = lint.keys.map((key) => ['upstreams', id, ...key.split('.')]);
      const path = keys.find((key) => written.has(key));
      return path ? warning(lint.id, path, lint.check(upstream, routes, id)) : [];
    });
    const isForSome = lint.isUnused && found.length < upstreams.length;
    const ofUpstreams = isForSome ? found.filter(({ path }) => !written.isInherited(path)) : found;
    return lint.isAboutTimeout ? [...ofUpstreams, ...lintTimeouts(lint, config)] : ofUpstreams;
  });
}

function lintTimeouts(lint: UpstreamLint, { routes, upstreams }: GatewayConfig): LintWarning[] {
  return routes.flatMap((route, index) => {
    const { timeout } = route;
    if (timeout === undefined) return [];
    return sidesOf(route).flatMap((id) => {
      const upstream = upstreams[id];
      const message = upstream && lint.check({ ...upstream, timeout }, [route], id);
      return warning(lint.id, ['routes', index, 'timeout'], message && `for upstream \`${id}\`, ${message}`);
    });
  });
}

function routesTo({ routes, upstreams }: GatewayConfig, id: string): RouteConfig[] {
  const leadsTo = (from: string | undefined): boolean =>
    from !== undefined && (from === id || leadsTo(upstreams[from]?.fallback?.upstream));
  return routes.filter((route) => leadsTo(route.mirror?.upstream) || sidesOf(route).some(leadsTo));
}

function warning(id: string, path: ConfigPath, message: string | false | undefined): LintWarning[] {
  return message ? [{ id, path, message }] : [];
}
