import type { Express } from 'express';

/** What is read of a layer of Express's router; Nest reads its stack as well. */
interface Layer {
  readonly handle: unknown;
  readonly route?: { readonly path: unknown };
}

const LITERAL = /^\/([\w.~-]*)(?:\/|$)/;

/** Which requests Express has handlers for, beside those that take every path: seen from the first segment alone. */
export class CodePaths {
  private constructor(private readonly segments: ReadonlySet<string> | undefined) {}

  /** @param app with everything mounted; `others` are handlers that need not be asked */
  static of(app: Express, others: ReadonlySet<unknown>): CodePaths {
    const segments = new Set<string>();
    // Typed as a function; it has had a stack since the first Express.
    const { stack } = app.router as unknown as { readonly stack?: readonly Layer[] };
    for (const { handle, route } of stack ?? [UNKNOWN]) {
      if (others.has(handle)) continue;
      const segment = typeof route?.path === 'string' ? LITERAL.exec(route.path)?.[1] : undefined;
      // Middleware, or a path that begins with a parameter: that may be for any request.
      if (segment === undefined) return new CodePaths(undefined);
      segments.add(segment);
    }
    return new CodePaths(segments);
  }

  /** @param path normalised */
  mayHave(path: string): boolean {
    if (!this.segments) return true;
    const end = path.indexOf('/', 1);
    return this.segments.has(path.slice(1, end === -1 ? undefined : end));
  }
}

const UNKNOWN: Layer = { handle: undefined };
