import type { GatewayConfig, RouteConfig } from '../gateway-config.js';

/** Ids of the upstreams that answer its requests: one, or the sides of its split, each once. */
export function sidesOf({ upstream, split }: RouteConfig): string[] {
  return [...new Set(split?.map((side) => side.upstream) ?? [upstream])];
}

/** Routes whose requests may get to the upstream, be it as a copy or because another one failed. */
export function routesTo({ routes, upstreams }: GatewayConfig, id: string): RouteConfig[] {
  const leadsTo = (from: string | undefined): boolean =>
    from !== undefined && (from === id || leadsTo(upstreams[from]?.fallback?.upstream));
  return routes.filter((route) => leadsTo(route.mirror?.upstream) || sidesOf(route).some(leadsTo));
}
