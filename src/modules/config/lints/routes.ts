import type { ConfigPath } from '../config-path.js';
import type { GatewayConfig, RouteConfig } from '../gateway-config.js';
import { isPublic } from '../public-route.js';
import type { LintWarning } from './warning.js';

/** Of the health controller, which is asked before the routes. */
const OWN_PATHS: ReadonlySet<string> = new Set(['/health', '/health/live', '/health/ready']);

/** Finds routes that contradict themselves, or what holds for all of them. */
export function lintRoutes(config: GatewayConfig): LintWarning[] {
  return config.routes.flatMap((route, index) => {
    const path = ['routes', index];
    return [
      ...lintPath([...path, 'match', 'path'], route.match.path),
      ...lintCache([...path, 'cache'], route, config),
      ...lintSplit([...path, 'split'], route),
      ...lintMethods([...path, 'websocket'], route),
      ...lintFault([...path, 'fault', 'abort'], route),
    ];
  });
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

function lintCache(path: ConfigPath, route: RouteConfig, config: GatewayConfig): LintWarning[] {
  const warnings: LintWarning[] = [];
  const { cache, split } = route;
  if (cache?.per === 'public' && !isPublic(route, config)) {
    const message = '`per: public` on a route with auth: one user is served what another was answered';
    warnings.push({ path: [...path, 'per'], message });
  }
  if (cache?.per === 'public' && split) {
    const message = 'one copy for all on a split route: a user of one side is served the answer of another';
    warnings.push({ path, message });
  }
  if (cache?.per === 'public' && isPublic(route, config) && config.server.cors.credentials) {
    const told =
      'unless the upstream says `private` or `Vary: Cookie`, one client is served the answer of another';
    const message = `one copy for all, and browsers send cookies (cors.credentials): ${told}`;
    warnings.push({ path, message });
  }
  if (cache?.per === 'user' && isPublic(route, config)) {
    const message = '`per: user` on a route without auth: there are no users to tell apart';
    warnings.push({ path: [...path, 'per'], message });
  }
  return warnings;
}

function lintSplit(path: ConfigPath, { split = [] }: RouteConfig): LintWarning[] {
  const [only, other] = split;
  if (only && !other) {
    return [{ path, message: `it has one side only, which \`upstream: ${only.upstream}\` says as well` }];
  }
  return split.flatMap(({ upstream }, index) => {
    const first = split.findIndex((side) => side.upstream === upstream);
    const message = `split[${first}] goes to ${upstream} already: one side with both weights does the same`;
    return first === index ? [] : [{ path: [...path, index, 'upstream'], message }];
  });
}

function lintMethods(path: ConfigPath, { match: { methods }, websocket }: RouteConfig): LintWarning[] {
  if (!websocket || methods.length === 0 || methods.includes('GET')) return [];
  return [{ path, message: 'a WebSocket begins with a GET, which `match.methods` leaves out' }];
}

function lintFault(path: ConfigPath, { fault }: RouteConfig): LintWarning[] {
  if (fault?.abort?.percent !== 1) return [];
  const message = `every request is answered with ${fault.abort.status}: none gets to the upstream`;
  return [{ path, message }];
}
