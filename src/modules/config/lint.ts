import { formatSize } from '../../common/units/size.js';
import type { GatewayConfig, RouteConfig } from './gateway-config.js';
import { lintAuth } from './lints/auth.js';
import { lintBreakers } from './lints/breakers.js';
import { lintBulkheads } from './lints/bulkheads.js';
import { lintDurations } from './lints/durations.js';
import { lintFallbacks } from './lints/fallbacks.js';
import { lintIdleKeys } from './lints/idle-keys.js';
import { sidesOf } from './lints/leads-to.js';
import { lintRetries } from './lints/retries.js';
import { lintRoutes } from './lints/routes.js';
import { lintTls } from './lints/tls.js';
import type { LintWarning } from './lints/warning.js';
import type { Written } from './lints/written.js';
import { effectiveMethods, placeKey } from './match-key.js';

/**
 * Finds settings that are valid each by itself and make little sense together.
 *
 * @param written what is in the file; what nobody wrote is no contradiction
 */
export function lintConfig(config: GatewayConfig, written: Written): LintWarning[] {
  return [
    ...lintGateway(config),
    ...lintAuth(config),
    ...lintIdleKeys(config, written),
    ...lintDurations(config, written),
    ...lintTls(config),
    ...lintBulkheads(config, written),
    ...lintBreakers(config),
    ...lintRetries(config, written),
    ...lintFallbacks(config, written),
    ...lintRoutes(config),
    ...lintShadowed(config.routes),
    ...lintUnused(config),
  ];
}

function lintGateway({ cache, routes, upstreams }: GatewayConfig): LintWarning[] {
  const warnings: LintWarning[] = [];
  if (routes.length === 0) {
    warnings.push({ path: ['routes'], message: 'there is no route: every request gets 404' });
  }
  if (Object.keys(upstreams).length === 0) {
    warnings.push({ path: ['upstreams'], message: 'there is no upstream: nothing can be forwarded' });
  }
  if (cache.maxEntryBytes > cache.maxBytes) {
    const sizes = `maxEntryBytes (${formatSize(cache.maxEntryBytes)}) is above maxBytes (${formatSize(cache.maxBytes)})`;
    warnings.push({
      path: ['cache', 'maxEntryBytes'],
      message: `${sizes}: an entry can't be larger than the cache`,
    });
  }
  return warnings;
}

/** Of two routes that are equally specific the first wins, so a later one with no method of its own is dead. */
function lintShadowed(routes: readonly RouteConfig[]): LintWarning[] {
  const before = new Map<string, { index: number; taken: ReadonlySet<string> }[]>();
  return routes.flatMap(({ match }, index) => {
    const key = placeKey(match);
    const taken = effectiveMethods(match);
    const methods = [...taken];
    const earlier = before.get(key) ?? [];
    before.set(key, [...earlier, { index, taken }]);
    const first = earlier.find((each) => methods.length > 0 && methods.every((one) => each.taken.has(one)));
    if (first === undefined) return [];
    const message = `routes[${first.index}] is before it and takes all its requests (${methods.join(', ')})`;
    return [{ path: ['routes', index, 'match'], message }];
  });
}

function usesUpstream(route: RouteConfig, id: string): boolean {
  return route.mirror?.upstream === id || sidesOf(route).includes(id);
}

function lintUnused({ auth, routes, upstreams }: GatewayConfig): LintWarning[] {
  const usesProvider = (id: string) =>
    routes.some((route) => route.auth !== 'none' && (route.auth?.providers?.includes(id) ?? true));
  const unusedUpstreams = Object.keys(upstreams).filter(
    (id) =>
      !routes.some((route) => usesUpstream(route, id)) &&
      !Object.values(upstreams).some(({ fallback }) => fallback?.upstream === id),
  );
  const unusedProviders = Object.keys(auth).filter((id) => !usesProvider(id));
  return [
    ...unusedUpstreams.map((id) => ({
      path: ['upstreams', id],
      message: 'no route uses this upstream, only code can',
    })),
    ...unusedProviders.map((id) => ({
      path: ['auth', id],
      message: 'no route accepts tokens of this provider',
    })),
  ];
}
