/**
 * Paths of the gateway's own handlers, which take every request that no controller of code takes. No request has a space
 * in its path, so that with another adapter they take none.
 */
export const GATEWAY_PATH = ' gateway';
/** The same for routes with a cache, with rate limits, and with both. */
export const CACHED_GATEWAY_PATH = ' cachedGateway';
export const LIMITED_GATEWAY_PATH = ' limitedGateway';
export const LIMITED_CACHED_GATEWAY_PATH = ' limitedCachedGateway';
/** The same for routes with plugins, which have the guards of limits as well. */
export const PLUGIN_GATEWAY_PATH = ' pluginGateway';
export const PLUGIN_CACHED_GATEWAY_PATH = ' pluginCachedGateway';

export const GATEWAY_PATHS = [
  GATEWAY_PATH,
  CACHED_GATEWAY_PATH,
  LIMITED_GATEWAY_PATH,
  LIMITED_CACHED_GATEWAY_PATH,
  PLUGIN_GATEWAY_PATH,
  PLUGIN_CACHED_GATEWAY_PATH,
] as const;
