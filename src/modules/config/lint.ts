import { formatDuration } from '../../common/units/duration.js';
import { formatSize } from '../../common/units/size.js';
import type { ConfigPath } from './config-path.js';
import type { GatewayConfig } from './gateway-config.js';
import type { RouteConfig } from './route-config.js';
import type { UpstreamConfig } from './upstream-config.js';
import { effectiveMethods, placeKey } from './match-key.js';
import { lintAuth } from './lint-auth.js';
import { lintContainment } from './lint-containment.js';
import type { LintWarning } from './lint-warning.js';
import { isPublic } from './public-route.js';

/** Of the health controller, which is asked before the routes. */
const OWN_PATHS: ReadonlySet<string> = new Set(['/health', '/health/live', '/health/ready']);

/**
 * Finds settings that are valid each by itself and make little sense together.
 *
 * @param isWritten whether a key is in the file, `defaults` included; what nobody wrote is no contradiction
 */
export function lintConfig(
  config: GatewayConfig,
  isWritten: (path: ConfigPath) => boolean = () => false,
): LintWarning[] {
  return [
    ...lintGateway(config),
    ...lintAuth(config),
    ...Object.entries(config.upstreams).flatMap(([id, upstream]) =>
      lintUpstream(['upstreams', id], upstream),
    ),
    ...lintContainment(config, isWritten),
    ...config.routes.flatMap((route, index) => lintRoute(['routes', index], route, config)),
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

function lintUpstream(
  path: ConfigPath,
  { timeout, connectTimeout, breaker, health, retry, tls }: UpstreamConfig,
): LintWarning[] {
  const warnings: LintWarning[] = [];
  const compare = (keys: ConfigPath, left: string, right: string, why: string) =>
    warnings.push({ path: [...path, ...keys], message: `${left} ${right}: ${why}` });

  if (connectTimeout >= timeout) {
    const left = `connectTimeout (${formatDuration(connectTimeout)}) is not below`;
    compare(['connectTimeout'], left, `timeout (${formatDuration(timeout)})`, 'it can never fire first');
  }
  if (tls?.insecureSkipVerify) {
    const why = 'whoever is in between can read and change everything';
    compare(['tls', 'insecureSkipVerify'], 'insecureSkipVerify', 'is true', why);
  }
  const { perTryTimeout, attempts } = retry;
  if (perTryTimeout !== undefined && perTryTimeout * (attempts + 1) > timeout) {
    const left = `retry.perTryTimeout (${formatDuration(perTryTimeout)}) for ${attempts + 1} tries is above`;
    const right = `timeout (${formatDuration(timeout)})`;
    compare(['retry', 'perTryTimeout'], left, right, 'the deadline ends the last tries early');
  }
  if (breaker.window < timeout) {
    const left = `breaker.window (${formatDuration(breaker.window)}) is below`;
    const why = 'requests that time out are forgotten as soon as they fail';
    compare(['breaker', 'window'], left, `timeout (${formatDuration(timeout)})`, why);
  }
  if (breaker.openFor > breaker.maxOpenFor) {
    const left = `breaker.openFor (${formatDuration(breaker.openFor)}) is above`;
    const right = `breaker.maxOpenFor (${formatDuration(breaker.maxOpenFor)})`;
    compare(['breaker', 'openFor'], left, right, 'it is never reached');
  }
  if (health && health.timeout >= health.interval) {
    const left = `health.timeout (${formatDuration(health.timeout)}) is not below`;
    const right = `health.interval (${formatDuration(health.interval)})`;
    compare(['health', 'timeout'], left, right, 'a probe is still running when the next is due');
  }
  return warnings;
}

function lintRoute(path: ConfigPath, route: RouteConfig, config: GatewayConfig): LintWarning[] {
  const warnings: LintWarning[] = lintPath([...path, 'match', 'path'], route.match.path);
  const { timeout, cache } = route;
  const { requestTimeout } = config.server;
  if (timeout !== undefined && timeout > requestTimeout) {
    const message = `timeout (${formatDuration(timeout)}) is above server.requestTimeout (${formatDuration(requestTimeout)})`;
    warnings.push({ path: [...path, 'timeout'], message });
  }
  if (cache?.per === 'public' && !isPublic(route, config)) {
    const message = '`per: public` on a route with auth: one user is served what another was answered';
    warnings.push({ path: [...path, 'cache', 'per'], message });
  }
  if (cache?.per === 'public' && route.split) {
    const message = 'one copy for all on a split route: a user of one side is served the answer of another';
    warnings.push({ path: [...path, 'cache'], message });
  }
  if (cache?.per === 'public' && isPublic(route, config) && config.server.cors.credentials) {
    const told =
      'unless the upstream says `private` or `Vary: Cookie`, one client is served the answer of another';
    const message = `one copy for all, and browsers send cookies (cors.credentials): ${told}`;
    warnings.push({ path: [...path, 'cache'], message });
  }
  if (cache?.per === 'user' && isPublic(route, config)) {
    const message = '`per: user` on a route without auth: there are no users to tell apart';
    warnings.push({ path: [...path, 'cache', 'per'], message });
  }
  return warnings;
}

function lintPath(path: ConfigPath, pattern: string): LintWarning[] {
  if (OWN_PATHS.has(pattern)) {
    return [{ path, message: `${pattern} is answered by the gateway itself: no request gets to this route` }];
  }
  const colon = pattern.split('/').find((segment) => /^:\w/.test(segment));
  if (colon === undefined) return [];
  const parameter = `{${colon.slice(1)}}`;
  return [{ path, message: `\`${colon}\` is taken as it is written; a parameter is \`${parameter}\`` }];
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

function usesUpstream({ upstream, split = [], mirror }: RouteConfig, id: string): boolean {
  return upstream === id || mirror?.upstream === id || split.some((side) => side.upstream === id);
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
