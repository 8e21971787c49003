import { isDeepStrictEqual } from 'node:util';
import type { CodeRouteOptions } from '../../config/code-route.js';
import type { CodeRoute } from '../../routing/code-route.js';
import type { MatchInput } from '../../routing/route-table.js';
import { literalSegment } from '../../server/code-paths.js';
import type { Layer } from '../../server/express.patch.js';

/** A handler of a controller of code. */
export interface CodeRouteEntry {
  /** Class and method. */
  readonly handler: string;
  readonly method: string;
  /** As Express matches it, and the label `route` of metrics. */
  readonly path: string;
  /** Of `@GatewayRoute()`; missing without it. */
  readonly options?: CodeRouteOptions;
}

export interface CodeHandler {
  readonly entry: CodeRouteEntry;
  readonly route: CodeRoute | undefined;
  /** What `@Version()` or `@Controller()` says; empty for the default version. */
  readonly versions: readonly string[];
}

/** A layer of Express's router that is no middleware. */
export interface MountedRoute extends Layer {
  readonly route: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

export function isRoute(layer: Layer): layer is MountedRoute {
  return typeof layer.route?.path === 'string';
}

/**
 * Some options count before Express has found the handler of a request.
 *
 * @param mounted in the order in which Express asks them
 * @returns finds the handlers that may get a request: one for each version that a path has
 */
export function handlersFinder(
  handlers: readonly CodeHandler[],
  mounted: readonly MountedRoute[],
): (input: Pick<MatchInput, 'method' | 'path'>) => readonly CodeHandler[] {
  const reachable = new Map<string, CodeHandler>();
  for (const each of handlers.toReversed()) reachable.set(`${placeOf(each)} ${each.versions.join()}`, each);
  const known = Map.groupBy([...reachable.values()].toReversed(), placeOf);
  const candidates = mounted.flatMap((layer) =>
    Object.keys(layer.route.methods).flatMap((name) => {
      const method = name === '_all' ? 'ALL' : name.toUpperCase();
      // Express mounts `all` as each method.
      const found = known.get(`${method} ${layer.route.path}`) ?? known.get(`ALL ${layer.route.path}`);
      return found ? [{ layer, method, handlers: found }] : [];
    }),
  );
  const segments = new Set(candidates.map(({ layer }) => literalSegment(layer.route.path)));
  const startingWith = (segment: string | undefined) =>
    candidates.filter(({ layer }) => [segment, undefined].includes(literalSegment(layer.route.path)));
  const bySegment = new Map(Array.from(segments, (segment) => [segment, startingWith(segment)]));
  const others = startingWith(undefined);
  return ({ method: asked, path }) => {
    const end = path.indexOf('/', 1);
    // RFC 9110 section 9.3.2: a handler of GET answers HEAD too.
    const found = (bySegment.get(path.slice(1, end === -1 ? undefined : end)) ?? others).find(
      ({ layer, method }) =>
        (method === 'ALL' || method === asked || (method === 'GET' && asked === 'HEAD')) && layer.match(path),
    );
    return found?.handlers ?? [];
  };
}

function placeOf({ entry: { method, path } }: CodeHandler): string {
  return `${method} ${path}`;
}

/** Options that count before Express asks the handlers of a path which of them takes the version of a request. */
const EARLY = ['cors', 'priority', 'requestTimeout', 'maxBodyBytes', 'compression'] as const;

/**
 * Versions that a header names share a path, so a request gets the early options of the first one. A preflight does not
 * even have the header.
 *
 * @returns what differs between versions of a path, with the names of the handlers
 */
export function versionProblems(handlers: readonly CodeHandler[]): string[] {
  return [...Map.groupBy(handlers, ({ entry }) => entry.path.replaceAll(/:\w+/g, ':')).values()].flatMap(
    (versions) =>
      versions.flatMap((first, i) =>
        versions
          .slice(i + 1)
          .flatMap((other) => (areVersions(first, other) ? differences(first, other) : [])),
      ),
  );
}

function areVersions(a: CodeHandler, b: CodeHandler): boolean {
  const methods = [a.entry.method, b.entry.method];
  return a.versions.join() !== b.versions.join() && (methods[0] === methods[1] || methods.includes('ALL'));
}

function differences(first: CodeHandler, other: CodeHandler): string[] {
  const why = `as ${first.entry.handler}, which has the same path in another version: the gateway needs it before it knows the version of a request`;
  if (first.route === undefined && other.route === undefined) return [];
  if (first.route === undefined || other.route === undefined)
    return [`${other.entry.handler}: @GatewayRoute has to be there or missing, ${why}`];
  const [a, b] = [first.route.config, other.route.config];
  return EARLY.filter((key) => a && b && !isDeepStrictEqual(a[key], b[key])).map(
    (key) => `${other.entry.handler}: @GatewayRoute ${key}: expected the same ${why}`,
  );
}
