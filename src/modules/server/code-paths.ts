import type { Express } from 'express';

/** The part of a layer of Express's router that is read here. Nest reads the stack as well. */
interface Layer {
  readonly name: string;
  readonly handle: unknown;
  readonly route?: { readonly path: unknown };
}

const LITERAL = /^\/([\w.~-]*)(?:\/|$)/;

/** @returns what is mounted on an application, in order; it grows with the application */
export function layersOf(app: Express): readonly Layer[] {
  // Typed as a function; it has had a stack since the first Express.
  return (app.router as unknown as { readonly stack: readonly Layer[] }).stack;
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
      const segment = typeof route?.path === 'string' ? LITERAL.exec(route.path)?.[1] : undefined;
      if (segment === undefined) {
        this.openTo = route ? `the route ${String(route.path)}` : `the middleware ${name}`;
        return;
      }
      this.segments.add(segment);
    }
  }

  /** @param path normalised */
  mayTake(path: string): boolean {
    if (this.openTo !== undefined) return true;
    const end = path.indexOf('/', 1);
    return this.segments.has(path.slice(1, end === -1 ? undefined : end));
  }
}
