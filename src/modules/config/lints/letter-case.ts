import type { GatewayConfig, RouteConfig } from '../gateway-config.js';
import { effectiveMethods } from '../match-key.js';
import { isSameConfig } from '../same-config.js';
import { isPublic, sidesOf } from '../schema/gateway.js';
import { segmentsOf } from '../schema/path-pattern.js';
import type { GatewayLints } from './gateway.js';

type Segments = readonly string[];

/** In an index, stands for a first segment that is `{name}` or `**`. */
const ANY = '*';

/** A lint of its own, because it looks for the route that another path would match. */
export const LETTER_CASE_LINTS: GatewayLints = {
  'public-in-other-case': (config, root, warn) => {
    const protectedRoutes = config.routes.filter(({ auth }) => auth !== 'none' && auth?.optional !== true);
    // Without a provider, no route is protected.
    if (protectedRoutes.every((route) => isPublic(route, config))) return;
    const byFirst = Map.groupBy(config.routes, ({ match }) => firstOf(match.path));
    for (const route of protectedRoutes) {
      const open = openInOtherCase(route, byFirst, config);
      if (open)
        warn(
          root.at('routes', config.routes.indexOf(route), 'match', 'path'),
          `the public route \`${open.route.id}\` takes ${open.path} and forwards it to the same upstream, which serves ${route.match.path} without a credential if it ignores the case of letters, as Express does by default`,
        );
    }
  },
};

/** @returns a public route that takes the path of a protected one in another case, and this path */
function openInOtherCase(
  route: RouteConfig,
  byFirst: ReadonlyMap<string, readonly RouteConfig[]>,
  config: GatewayConfig,
): { readonly route: RouteConfig; readonly path: string } | undefined {
  const segments = segmentsOf(route.match.path);
  for (const [i, segment] of segments.entries()) {
    const other = isLiteral(segment) ? inOtherCase(segment) : segment;
    if (other === segment) continue;
    const path = segments.with(i, other);
    const takers = [path[0] ?? '', ANY]
      .flatMap((first) => byFirst.get(first) ?? [])
      .filter((each) => each !== route && meet(each, route) && takes(segmentsOf(each.match.path), path))
      .toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1));
    for (const taker of takers) {
      if (isPublic(taker, config) && isSameUpstream(taker, route))
        return { route: taker, path: `/${path.join('/')}` };
      // It takes them all, so no less specific route sees them.
      if (covers(taker, route)) break;
    }
  }
  return undefined;
}

/** Whether some requests have the host and the method of both. */
function meet({ match: other }: RouteConfig, { match }: RouteConfig): boolean {
  const [methods, others] = [effectiveMethods(match), effectiveMethods(other)];
  const isSameMethod = methods.size === 0 || others.size === 0 || [...methods].some((one) => others.has(one));
  return isSameMethod && (other.hosts.length === 0 || match.hosts.some((host) => other.hosts.includes(host)));
}

function covers({ match: other }: RouteConfig, { match }: RouteConfig): boolean {
  const others = effectiveMethods(other);
  if (Object.keys(other.headers).length > 0) return false;
  return others.size === 0 || (match.methods.length > 0 && match.methods.every((one) => others.has(one)));
}

function isSameUpstream(a: RouteConfig, b: RouteConfig): boolean {
  const sides = sidesOf(b);
  return sidesOf(a).some((side) => sides.includes(side)) && isSameConfig(a.rewrite, b.rewrite);
}

/** Whether a pattern takes all paths of another one. */
function takes(pattern: Segments, path: Segments): boolean {
  const isOpen = pattern.at(-1) === '**';
  const own = isOpen ? pattern.slice(0, -1) : pattern;
  if (isOpen ? path.length < own.length : path.length !== own.length) return false;
  return own.every((part, i) => (part.startsWith('{') ? path[i] !== '**' : part === path[i]));
}

/** Sorts before the rank of a route that is less specific: by host, then segment by segment. */
function rankOf({ match: { hosts, path } }: RouteConfig): string {
  const ranks = segmentsOf(path).map((part) => (part === '**' ? 2 : part.startsWith('{') ? 1 : 0));
  return (hosts.length > 0 ? '0' : '1') + ranks.join('');
}

function firstOf(path: string): string {
  const [first = ''] = segmentsOf(path);
  return isLiteral(first) ? first : ANY;
}

function isLiteral(segment: string): boolean {
  return segment !== '**' && !segment.startsWith('{');
}

/** Changes one letter, since the path may have others in the case that an upstream expects. */
function inOtherCase(segment: string): string {
  // Escapes mean the same in both cases.
  return segment.replace(/^((?:%[\dA-F]{2}|[^A-Za-z%])*)([A-Za-z])/, (_, before: string, letter: string) => {
    const upper = letter.toUpperCase();
    return before + (letter === upper ? letter.toLowerCase() : upper);
  });
}
