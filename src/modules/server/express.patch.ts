/*
 * Patch of Express 5.3: what the gateway reads and sets inside of an application.
 *
 * - `messageClasses`: Express gives each request and response prototypes of its own, which is the dearest step of its
 *   whole pipeline. With these classes they are made with them. It can go when express.patch.spec.ts reports that Express
 *   leaves the prototypes alone.
 * - `matchExactly`: the constructor of Nest's adapter makes the router, so the settings `case sensitive routing` and
 *   `strict routing` come too late. It can go when the test of paths in code-routes.spec.ts passes without it.
 * - `layersOf`: Express has no list of what is mounted, and without one every request would pass its router. Nest reads
 *   the same stack. It can go when Express has such a list; code-paths.spec.ts fails when the stack changes its form.
 */
import { IncomingMessage, type ServerOptions, ServerResponse } from 'node:http';
import type { Express } from 'express';

/** The part of a layer of Express's router that is read here. */
export interface Layer {
  readonly name: string;
  readonly handle: unknown;
  readonly route?: { readonly path: unknown; readonly methods: Readonly<Record<string, boolean>> };
  /** @returns `false` for a path that is not its own */
  match(path: string): unknown;
}

/** @returns what is mounted on an application, in order; it grows with the application */
export function layersOf(app: Express): readonly Layer[] {
  // Typed as a function; it has had a stack since the first Express.
  return (app.router as unknown as { readonly stack: readonly Layer[] }).stack;
}

/** Makes paths case-sensitive, and a slash at their end count. */
export function matchExactly(app: Express): void {
  Object.assign(app.router, { caseSensitive: true, strict: true });
}

/** @returns the classes of a server's messages, which have the prototypes that Express would give them */
export function messageClasses(
  app: Express,
): Required<Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'>> {
  class AppRequest extends IncomingMessage {}
  class AppResponse<R extends IncomingMessage> extends ServerResponse<R> {}
  app.request = Object.setPrototypeOf(AppRequest.prototype, app.request);
  app.response = Object.setPrototypeOf(AppResponse.prototype, app.response);
  return { IncomingMessage: AppRequest, ServerResponse: AppResponse };
}
