import type { GatewayConfig, RouteConfig } from './gateway-config.js';

/** Does a route take requests of nobody in particular? Not, by default, once there is a provider. */
export function isPublic({ auth }: Pick<RouteConfig, 'auth'>, gateway: Pick<GatewayConfig, 'auth'>): boolean {
  return auth === 'none' || (auth === undefined && Object.keys(gateway.auth).length === 0);
}
