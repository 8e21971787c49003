import type { GatewayConfig, RouteConfig } from '../gateway-config.js';
import { placeKey } from '../match-key.js';
import type { ConfigProblem } from '../problem.js';
import { sidesOf } from '../schema/gateway.js';
import type { ConfigValue } from '../source/config-value.js';
import { GATEWAY_LINTS } from './gateway.js';
import { LETTER_CASE_LINTS } from './letter-case.js';
import { PROVIDER_LINTS } from './providers.js';
import { ROUTE_LINTS } from './routes.js';
import { TLS_LINTS } from './tls.js';
import { type UpstreamLint, UPSTREAM_LINTS } from './upstreams.js';

/** A configuration that is valid but probably not what the user meant. */
export interface LintWarning extends ConfigProblem {
  readonly id: string;
}

/**
 * Finds settings that are valid one by one and make little sense together.
 * @param root the file, with the values of `defaults` under each upstream
 */
export function lintConfig(config: GatewayConfig, root: ConfigValue): LintWarning[] {
  return [
    ...lintProviders(config, root),
    ...lintUpstreams(config, root),
    ...lintRoutes(config, root),
    ...lintGateway(config, root),
  ];
}

function lintGateway(config: GatewayConfig, root: ConfigValue): LintWarning[] {
  return Object.entries({ ...GATEWAY_LINTS, ...TLS_LINTS, ...LETTER_CASE_LINTS }).flatMap(([name, find]) =>
    find(config, root).flatMap(({ place, message }) => warning(name, place, message)),
  );
}

function lintProviders(config: GatewayConfig, root: ConfigValue): LintWarning[] {
  return Object.entries(config.auth).flatMap(([id, provider]) =>
    Object.entries(PROVIDER_LINTS).flatMap(([name, check]) =>
      warning(name, root.at('auth', id), check(provider, id, config)),
    ),
  );
}

function lintRoutes(config: GatewayConfig, root: ConfigValue): LintWarning[] {
  const places = Map.groupBy(config.routes, ({ match }) => placeKey(match));
  return config.routes.flatMap((route, index) => {
    const samePlace = places.get(placeKey(route.match)) ?? [];
    return Object.entries(ROUTE_LINTS).flatMap(([name, { key, check }]) => {
      const message = check(route, config, samePlace);
      return message ? warning(name, root.at('routes', index, ...key.split('.')), message) : [];
    });
  });
}

function lintUpstreams(config: GatewayConfig, root: ConfigValue): LintWarning[] {
  const routesById = routesByUpstream(config);
  const upstreams = Object.entries(config.upstreams).map(([id, upstream]) => ({
    id,
    upstream,
    routes: routesById.get(id) ?? [],
  }));
  return Object.entries(UPSTREAM_LINTS).flatMap(([name, lint]) => {
    const found = upstreams.flatMap(({ id, upstream, routes }) => {
      const keys = lint.keys.map((key) => root.at('upstreams', id, ...key.split('.')));
      const place = keys.find(({ isWritten }) => isWritten);
      const message = place && lint.check(upstream, routes, id);
      return message ? [{ place, message }] : [];
    });
    const isForSome = lint.isUnused && found.length < upstreams.length;
    const reported = found.filter(({ place }) => !isForSome || !place.isInherited);
    return [
      ...reported.flatMap(({ place, message }) => warning(name, place, message)),
      ...(lint.isAboutTimeout ? lintTimeouts(name, lint, config, root) : []),
    ];
  });
}

function lintTimeouts(name: string, lint: UpstreamLint, config: GatewayConfig, root: ConfigValue) {
  return config.routes.flatMap((route, index) => {
    const { timeout } = route;
    if (timeout === undefined) return [];
    return sidesOf(route).flatMap((id) => {
      const upstream = config.upstreams[id];
      const message = upstream && lint.check({ ...upstream, timeout }, [route], id);
      const place = root.at('routes', index, 'timeout');
      return warning(name, place, message && `for upstream \`${id}\`, ${message}`);
    });
  });
}

/** @returns the routes whose requests can reach an upstream, also as a copy or by a fallback, by its id */
function routesByUpstream({ routes, upstreams }: GatewayConfig): ReadonlyMap<string, readonly RouteConfig[]> {
  const result = new Map(Object.keys(upstreams).map((id): [string, RouteConfig[]] => [id, []]));
  for (const route of routes) {
    const reached = new Set<string>();
    for (const first of [route.mirror?.upstream, ...sidesOf(route)]) {
      let id = first;
      while (id !== undefined && !reached.has(id)) {
        reached.add(id);
        id = upstreams[id]?.fallback?.upstream;
      }
    }
    for (const id of reached) result.get(id)?.push(route);
  }
  return result;
}

function warning(id: string, place: ConfigValue, message: string | false | undefined): LintWarning[] {
  return message ? [{ id, ...place.problem(message) }] : [];
}
