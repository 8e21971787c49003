import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { SERVED_METHODS } from '../../common/http/head.js';
import { pathPattern } from './schema/path-pattern.js';
import { ID_PATTERN } from './schema/scalars.js';

const HEADER = `# Check this file with \`breakwater check\`, run it with \`breakwater start\`. For completion in your editor, write
# \`breakwater schema > gateway.schema.json\`.
# yaml-language-server: $schema=gateway.schema.json
`;

/** A configuration with one service, to begin with. */
export const STARTER = `${HEADER}
server:
  port: 8080

# Metrics, health and administration.
management:
  port: 9090

# With a token issuer, every route requires a valid token, unless it says \`auth: none\`.
# auth:
#   main:
#     issuer: https://login.example.com/
#     audience: my-api

upstreams:
  users:
    url: \${USERS_URL:-http://localhost:3001}
    # Time to response headers, retries included.
    timeout: 3s
    # A path that the service answers with 200 while it is well. Its probes open and close the breaker.
    # health: { path: /health }
    # What clients get while the breaker is open: their last good copy, if the route has a cache.
    # fallback: { stale: true }

routes:
  - id: users
    match: { path: /users/** }
    upstream: users
    # cache: { ttl: 1m }
`;

const securitySchema = z.array(z.record(z.string(), z.unknown())).optional();
const operationSchema = z.object({ security: securitySchema });

/** The part of an OpenAPI document that a configuration can be made of. */
const documentSchema = z.object({
  openapi: z.string().regex(/^3\./),
  info: z.object({ title: z.string().optional() }).optional(),
  servers: z.array(z.object({ url: z.string() })).optional(),
  security: securitySchema,
  paths: z
    .record(z.string(), z.unknown())
    .transform((paths) =>
      Object.fromEntries(Object.entries(paths).filter(([path]) => !path.startsWith('x-'))),
    )
    .pipe(z.record(z.string(), z.record(z.string(), z.unknown())))
    .default({}),
});

/**
 * Makes a configuration of an OpenAPI 3 document: an upstream for its first server, and a route for each path with the
 * methods that the document has.
 *
 * @param text YAML or JSON
 * @param warn told of each path that no route can have
 * @throws TypeError when it is not an OpenAPI 3 document with paths
 */
export function starterOf(text: string, warn: (message: string) => void = () => {}): string {
  const { data: document } = documentSchema.safeParse(parse(text));
  if (!document) throw new TypeError('It is not an OpenAPI 3 document.');
  const routes = Object.entries(document.paths).flatMap(([path, item]) => {
    const pattern = patternOf(path);
    if (pattern !== undefined) return routesOf(path, pattern, item, document.security);
    const fault = pathPattern().safeParse(path).error?.issues[0]?.message;
    warn(`The path ${JSON.stringify(path)} is left out: expected ${fault}.`);
    return [];
  });
  if (routes.length === 0) throw new TypeError('The OpenAPI document has no paths that routes can have.');
  const upstream = idOf(document.info?.title ?? 'api');
  const url = document.servers?.[0]?.url ?? '';
  const needsToken = routes.some(({ auth }) => auth === undefined);
  return `${HEADER}${stringify({
    ...(needsToken && { auth: { main: { secret: '${JWT_SECRET}', algorithms: ['HS256'] } } }),
    upstreams: { [upstream]: { url: /^https?:\/\//.test(url) ? url : '${API_URL}' } },
    routes: withUniqueIds(routes).map(({ auth, ...route }) => ({
      ...route,
      upstream,
      // Without an issuer, every route is public.
      ...(needsToken && auth && { auth }),
    })),
  })}`;
}

interface StarterRoute {
  readonly id: string;
  readonly match: { readonly path: string; readonly methods: readonly string[] };
  readonly auth?: 'none';
}

/** Operations of a path that need a token and those that do not are two routes. */
function routesOf(
  path: string,
  pattern: string,
  item: Readonly<Record<string, unknown>>,
  byDefault: z.output<typeof securitySchema> = [],
): StarterRoute[] {
  const methods = SERVED_METHODS.filter((method) => method.toLowerCase() in item);
  const isOpen = (method: string) => {
    const { data: operation } = operationSchema.safeParse(item[method.toLowerCase()]);
    return (operation?.security ?? byDefault).every((each) => Object.keys(each).length === 0);
  };
  const open = methods.filter(isOpen);
  const guarded = methods.filter((method) => !isOpen(method));
  const id = idOf(path);
  const openId = guarded.length > 0 ? `${id}-public` : id;
  const routes: StarterRoute[] = [
    { id, match: { path: pattern, methods: guarded } },
    { id: openId, match: { path: pattern, methods: open }, auth: 'none' },
  ];
  return routes.filter(({ match }) => match.methods.length > 0);
}

/**
 * A path with a parameter inside of a segment, such as `/{id}.json`, is taken with all that is beside it.
 *
 * @returns nothing for what is no path of a route, since a wider pattern would let through what nobody has described
 */
function patternOf(path: string): string | undefined {
  if (isPattern(path)) return path;
  const segments = path.split('/');
  const first = segments.findIndex((segment) => segment.includes('{') && !/^\{\w+\}$/.test(segment));
  const pattern = `${segments.slice(0, first).join('/')}/**`;
  // The rest of the path, with words in place of its parameters, must be right as well.
  return first > 0 && isPattern(pattern) && isPattern(path.replaceAll(/\{[^{}/]*\}/g, 'x'))
    ? pattern
    : undefined;
}

function isPattern(path: string): boolean {
  return pathPattern().safeParse(path).success;
}

function withUniqueIds(routes: readonly StarterRoute[]): StarterRoute[] {
  const taken = new Set<string>();
  return routes.map((route) => {
    let { id } = route;
    for (let number = 2; taken.has(id); number++) id = `${route.id}-${number}`;
    taken.add(id);
    return { ...route, id };
  });
}

function idOf(text: string): string {
  const id = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return ID_PATTERN.test(id) ? id : 'root';
}
