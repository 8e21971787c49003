import { placeholdersOf } from '../../../common/http/header-rules.js';
import type { GatewayConfig, RouteConfig } from '../gateway-config.js';
import { HEALTH_PAGES } from '../health-pages.js';
import { effectiveMethods } from '../match-key.js';
import { isPublic } from '../schema/gateway.js';

interface RouteLint {
  readonly key: string;
  /**
   * @param samePlace routes that differ from it in their methods at most, itself included
   * @returns the message of the warning, or a falsy value when all is well
   */
  readonly check: (
    route: RouteConfig,
    config: GatewayConfig,
    samePlace: readonly RouteConfig[],
  ) => string | false | undefined;
}

export const ROUTE_LINTS: Readonly<Record<string, RouteLint>> = {
  'path-of-gateway': {
    key: 'match.path',
    check: ({ match }) =>
      HEALTH_PAGES.has(match.path) &&
      `the gateway itself answers ${match.path}, so no request reaches this route`,
  },
  'colon-parameter': {
    key: 'match.path',
    check: ({ match }) => {
      const colon = match.path.split('/').find((segment) => /^:\w/.test(segment));
      return colon && `\`${colon}\` is matched literally; a parameter is written \`{${colon.slice(1)}}\``;
    },
  },
  'star-in-header-match': {
    key: 'match.headers',
    check: ({ match }) => {
      const [name] = Object.entries(match.headers).find(([, value]) => value.includes('*')) ?? [];
      return (
        name !== undefined && `the value of \`${name}\` is compared exactly, so \`*\` stands for nothing else`
      );
    },
  },
  'header-limit-without-effect': {
    key: 'limits.maxHeaderBytes',
    check: ({ limits }, { server }) =>
      (limits?.maxHeaderBytes ?? 0) > server.maxHeaderBytes &&
      `\`server.maxHeaderBytes\` is lower, so this limit has no effect`,
  },
  'claim-without-auth': {
    key: 'headers',
    check: (route, config) =>
      isPublic(route, config) &&
      [route.headers?.request, route.headers?.response]
        .flatMap((rules) => Object.entries(rules?.set ?? {}))
        .filter(([, value]) => placeholdersOf(value).hasClaims)
        .map(([name]) => `the route has no auth, so there are no claims, and \`${name}\` is never set`)[0],
  },
  'shadowed-route': {
    key: 'match',
    // Of two routes that are equally specific the first wins.
    check: (route, { routes }, samePlace) => {
      const { methods } = route.match;
      const first = samePlace.find(({ match }) => methods.every((one) => effectiveMethods(match).has(one)));
      return (
        first !== undefined &&
        first !== route &&
        methods.length > 0 &&
        `routes[${routes.indexOf(first)}] comes before it and takes all its requests`
      );
    },
  },
  'public-cache-with-auth': {
    key: 'cache.per',
    check: (route, config) =>
      isShared(route) &&
      !isPublic(route, config) &&
      '`per: public` on a route with auth serves one user the responses of another',
  },
  'public-cache-with-cookies': {
    key: 'cache',
    check: (route, config) =>
      isShared(route) &&
      isPublic(route, config) &&
      (route.cors ?? config.server.cors).credentials &&
      'browsers send cookies (cors.credentials) and all clients share one copy, so a client is served the response of another unless the upstream says `private` or `Vary: Cookie`',
  },
  'public-cache-with-split': {
    key: 'cache',
    check: (route) =>
      isShared(route) &&
      route.split &&
      'all clients share one copy, so a user of one side of the split is served the response of another side',
  },
  'user-cache-without-auth': {
    key: 'cache.per',
    check: (route, config) =>
      route.cache?.per === 'user' &&
      isPublic(route, config) &&
      '`per: user` on a route without auth has no users to tell apart',
  },
};

function isShared({ cache }: RouteConfig): boolean {
  return cache?.per === 'public';
}
