import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { configOf } from '../../../test/support/gateway.js';
import { ProblemError } from '../../common/errors/problem.js';
import { parseTarget } from '../../common/http/request-target.js';
import { refuseAmbiguousPath } from './ambiguous-path.js';
import { RouteTable } from './route-table.js';

const table = new RouteTable(
  configOf(`
    upstreams: { it: { url: "http://it" } }
    routes:
      - { id: open, match: { path: /u/** }, upstream: it }
      - { id: slashes, match: { path: /s/**, encodedSlashes: pass }, upstream: it }
      - { id: one, match: { path: '/u/{id}' }, upstream: it }
      - { id: secret, match: { path: /u/secret/** }, upstream: it }
      - { id: other, match: { path: /s/secret }, upstream: it }
      - { id: admin, match: { path: /admin/** }, upstream: it }
      - { id: rest, match: { path: /** }, upstream: it }
  `).routes,
);

const PIECE = fc.constantFrom(
  '/',
  '/',
  '//',
  '%2f',
  ';',
  ';a=b',
  '%3b',
  '.',
  '..',
  '%2e',
  'u',
  's',
  'secret',
  '%73ecret',
  'admin',
  'a',
  '%25',
  '%20',
);
const TARGET = fc
  .tuple(fc.constantFrom('/', '/u/', '/s/', '//', '/u/secret'), fc.array(PIECE, { maxLength: 7 }))
  .map(([start, pieces]) => start + pieces.join(''));

/** How servers change a path before they look at it; each does some of it, in some order. */
const READINGS: ((path: string) => string)[] = [
  (path) => path.replaceAll(/%2f/gi, '/'),
  (path) => path.replaceAll(/\/{2,}/g, '/'),
  (path) => path.replaceAll(/;[^/]*/g, ''),
];

const input = (path: string) => ({ method: 'GET', host: 'a', path, headers: {} });

/** @returns the path and its route; `undefined` when the gateway refuses the target */
function routed(target: string): { path: string; route: string } | undefined {
  try {
    const { path, laxPaths } = parseTarget(target);
    const match = table.match(input(path));
    if (laxPaths) refuseAmbiguousPath(table, input(path), match, laxPaths);
    return match.kind === 'route' ? { path, route: match.route.config.id } : undefined;
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

function routeOf(path: string): string | undefined {
  const match = table.match(input(path));
  return match.kind === 'route' ? match.route.config.id : undefined;
}

it('lets no path through that an upstream could read as one of a route with other rules', () => {
  const order = fc.shuffledSubarray(READINGS);
  const accepted = TARGET.map(routed).filter((each) => each !== undefined);
  fc.assert(
    fc.property(accepted, order, ({ path, route }, readings) => {
      const read = readings.reduce((each, reading) => reading(each), path);
      // The rest is open to all of them.
      const reached = routeOf(read) ?? '';
      expect(['secret', 'admin', 'other'].includes(reached) ? reached : route).toBe(route);
    }),
    { seed: 1, numRuns: 5_000 },
  );
});

it('gives a path the same route when it is read again', () => {
  const accepted = TARGET.map(routed).filter((each) => each !== undefined);
  fc.assert(
    fc.property(accepted, ({ path, route }) => {
      expect(routed(path)).toEqual({ path, route });
    }),
    { seed: 1, numRuns: 2_000 },
  );
});
