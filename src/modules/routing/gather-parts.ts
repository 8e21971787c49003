import { parseTarget } from '../../common/http/request-target.js';
import type { GatherConfig } from '../config/gateway-config.js';

/** One call of a route that makes its answer of several. */
export interface GatherPart {
  readonly name: string;
  readonly upstream: string;
  /** Path and query to ask for. */
  readonly target: (path: string) => string;
  /** JSON that takes its place when it fails. */
  readonly fallback: string | undefined;
  readonly maxBytes: number;
}

/** @param pattern path pattern of the route, which has the parameters of the parts */
export function compileGather(pattern: string, gather: GatherConfig): readonly GatherPart[] {
  const segments = parseTarget(pattern).path.split('/');
  return Object.entries(gather).map(([name, { upstream, path, fallback, maxBytes }]) => ({
    name,
    upstream,
    target: compileTarget(segments, path),
    // JSON has no `undefined`, so only a missing key is one.
    fallback: fallback === undefined ? undefined : JSON.stringify(fallback),
    maxBytes,
  }));
}

/**
 * A value is decoded and encoded again, so that whatever a client puts into a segment stays one segment or one value of
 * the query.
 */
function compileTarget(pattern: readonly string[], template: string): (path: string) => string {
  // Odd items are names.
  const items = template.split(/\{(\w+)\}/);
  if (items.length === 1) return () => template;
  const indices = items.map((name, i) => (i % 2 === 0 ? -1 : pattern.indexOf(`{${name}}`)));
  return (path) => {
    const segments = path.split('/');
    return items
      .map((item, i) => {
        const index = indices[i] ?? -1;
        return index === -1 ? item : encodeURIComponent(decodeURIComponent(segments[index] ?? ''));
      })
      .join('');
  };
}
