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

type Warn = (id: string, place: ConfigValue, message: string) => void;

/**
 * Finds settings that are valid one by one and make little sense together.
 * @param root the file, with the values of `defaults` under each upstream
 */
export function lintConfig(config: GatewayConfig, root: ConfigValue): LintWarning[] {
  const warnings: LintWarning[] = [];
  const warn: Warn = (id, place, message) => warnings.push({ id, ...place.problem(message) });
  lintProviders(config, root, warn);
  lintUpstreams(config, root, warn);
  lintRoutes(config, root, warn);
  for (const [name, find] of Object.entries({ ...GATEWAY_LINTS, ...TLS_LINTS, ...LETTER_CASE_LINTS }))
    find(config, root, (place, message) => warn(name, place, message));
  return warnings;
}

function lintProviders(config: GatewayConfig, root: ConfigValue, warn: Warn): void {
  for (const [id, provider] of Object.entries(config.auth))
    for (const [name, check] of Object.entries(PROVIDER_LINTS)) {
      const message = check(provider, id, config);
      if (message) warn(name, root.at('auth', id), message);
    }
}

function lintRoutes(config: GatewayConfig, root: ConfigValue, warn: Warn): void {
  const places = Map.groupBy(config.routes, ({ match }) => placeKey(match));
  for (const [index, route] of config.routes.entries()) {
    const samePlace = places.get(placeKey(route.match)) ?? [];
    for (const [name, { key, check }] of Object.entries(ROUTE_LINTS)) {
      const message = check(route, config, samePlace);
      if (message) warn(name, root.at('routes', index, ...key.split('.')), message);
    }
  }
}

function lintUpstreams(config: GatewayConfig, root: ConfigValue, warn: Warn): void {
  const routes = routesByUpstream(config);
  const upstreams = Object.entries(config.upstreams);
  for (const [name, lint] of Object.entries(UPSTREAM_LINTS)) {
    const found = upstreams.flatMap(([id, upstream]) => {
      const keys = root.at('upstreams', id).all(...lint.keys);
      const place = keys.find(({ isWritten }) => isWritten);
      const message = place && lint.check(upstream, routes.get(id) ?? [], id);
      return message ? [{ place, message }] : [];
    });
    const isForSome = lint.isUnused && found.length < upstreams.length;
    for (const { place, message } of found) if (!isForSome || !place.isInherited) warn(name, place, message);
    if (lint.isAboutTimeout) lintTimeouts(name, lint, config, root, warn);
  }
}

function lintTimeouts(
  name: string,
  { check }: UpstreamLint,
  config: GatewayConfig,
  root: ConfigValue,
  warn: Warn,
): void {
  for (const [index, route] of config.routes.entries()) {
    const { timeout } = route;
    if (timeout === undefined) continue;
    for (const id of sidesOf(route)) {
      const upstream = config.upstreams[id];
      const message = upstream && check({ ...upstream, timeout }, [route], id);
      if (message) warn(name, root.at('routes', index, 'timeout'), `for upstream \`${id}\`, ${message}`);
    }
  }
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
