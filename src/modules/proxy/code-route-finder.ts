import type { CodeRouteOptions } from '../config/code-route.js';
import type { CodeRoute } from '../routing/code-route.js';
import type { MatchInput } from '../routing/route-table.js';
import { literalSegment } from '../server/code-paths.js';
import type { Layer } from '../server/express.patch.js';

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
 * @returns finds the handler that gets a request
 */
export function handlerFinder(
  handlers: readonly CodeHandler[],
  mounted: readonly MountedRoute[],
): (input: Pick<MatchInput, 'method' | 'path'>) => CodeHandler | undefined {
  const known = new Map<string, CodeHandler>();
  for (const handler of handlers.toReversed())
    known.set(`${handler.entry.method} ${handler.entry.path}`, handler);
  const candidates = mounted.flatMap((layer) =>
    Object.keys(layer.route.methods).flatMap((name) => {
      const method = name === '_all' ? 'ALL' : name.toUpperCase();
      // Express mounts `all` as each method.
      const handler = known.get(`${method} ${layer.route.path}`) ?? known.get(`ALL ${layer.route.path}`);
      return handler ? [{ layer, method, handler }] : [];
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
    return found?.handler;
  };
}
