/**
 * Paths of the gateway's own handlers, which take every request that no controller of code takes. No request has a space
 * in its path, so that with another adapter they take none.
 */
export const GATEWAY_PATHS = {
  plain: ' gateway',
  cached: ' cachedGateway',
  limited: ' limitedGateway',
  limitedCached: ' limitedCachedGateway',
} as const;

export type GatewayPath = (typeof GATEWAY_PATHS)[keyof typeof GATEWAY_PATHS];
