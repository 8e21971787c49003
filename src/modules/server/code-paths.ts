import type { Express } from 'express';
import { layersOf } from './express.patch.js';

const LITERAL = /^\/([\w.~-]*)(?:\/|$)/;

/** @returns the first segment of a path of Express; `undefined` when it is no literal, so that any segment may match */
export function literalSegment(path: string): string | undefined {
  return LITERAL.exec(path)?.[1];
}

/** The paths that controllers and middleware of code may take, told apart by their first segment alone. */
export class CodePaths {
  /** What may take any path, by name: middleware, or a route whose first segment is no literal. */
  readonly openTo: string | undefined;
  private readonly segments = new Set<string>();

  /**
   * @param app with everything mounted
   * @param ignored handlers that belong to no code
   */
  constructor(app: Express, ignored: ReadonlySet<unknown>) {
    for (const { handle, route, name } of layersOf(app)) {
      if (ignored.has(handle)) continue;
      const segment = typeof route?.path === 'string' ? literalSegment(route.path) : undefined;
      if (segment === undefined) {
        this.openTo = route ? `the route ${String(route.path)}` : `the middleware ${name}`;
        return;
      }
      this.segments.add(segment);
    }
  }

  /** @param url normalised path and query */
  mayTake(url: string): boolean {
    if (this.openTo !== undefined) return true;
    const query = url.indexOf('?');
    const end = url.indexOf('/', 1);
    // A slash may be part of the query alone.
    const isBefore = end !== -1 && (query === -1 || end < query);
    return this.segments.has(url.slice(1, isBefore ? end : query === -1 ? undefined : query));
  }
}
