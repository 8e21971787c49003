import { Session } from 'node:inspector';
import { describe, expect, it } from 'vitest';
import type { RouteConfig, RouteMatchConfig } from '../config/gateway-config.js';
import { RouteTable, type MatchInput } from './route-table.js';

function route(id: string, match: Partial<RouteMatchConfig>): RouteConfig {
  return {
    id,
    priority: 'normal',
    upstream: 'any',
    maxBodyBytes: 1024,
    requestTimeout: 0,
    securityHeaders: 'api',
    compression: false,
    forwardedHeaders: 'both',
    hasLimits: false,
    plugins: [],
    match: { path: '/', methods: [], hosts: [], headers: {}, encodedSlashes: 'reject', ...match },
  };
}

function table(...routes: RouteConfig[]): (input: Partial<MatchInput>) => string {
  const compiled = new RouteTable(routes);
  return (input) => {
    const result = compiled.match({ method: 'GET', host: 'a.com', path: '/', headers: {}, ...input });
    if (result.kind === 'route') return result.route.config.id;
    return result.kind === 'none' ? 'none' : `allow ${result.allow.join(' ')}`;
  };
}

describe('RouteTable', () => {
  it('takes a literal before {name} before **', () => {
    const match = table(
      route('all', { path: '/**' }),
      route('below', { path: '/users/**' }),
      route('one', { path: '/users/{id}' }),
      route('me', { path: '/users/me' }),
    );
    expect(match({ path: '/users/me' })).toBe('me');
    expect(match({ path: '/users/7' })).toBe('one');
    expect(match({ path: '/users/7/cart' })).toBe('below');
    expect(match({ path: '/users' })).toBe('below');
    expect(match({ path: '/usersx' })).toBe('all');
    expect(match({ path: '/' })).toBe('all');
  });

  it('matches {name} with exactly one segment, and is case-sensitive', () => {
    const match = table(route('one', { path: '/users/{id}' }));
    expect(match({ path: '/users/' })).toBe('none');
    expect(table(route('one', { path: '/u/{id}' }), route('all', { path: '/u/**' }))({ path: '/u/' })).toBe(
      'all',
    );
    expect(match({ path: '/users/1/2' })).toBe('none');
    expect(match({ path: '/Users/1' })).toBe('none');
  });

  it('takes an exact host before the longest suffix before no host', () => {
    const match = table(
      route('any', { path: '/**' }),
      route('wide', { path: '/**', hosts: ['*.a.com'] }),
      route('narrow', { path: '/**', hosts: ['*.b.a.com'] }),
      route('exact', { path: '/**', hosts: ['x.b.a.com'] }),
    );
    expect(match({ host: 'x.b.a.com' })).toBe('exact');
    expect(match({ host: 'y.b.a.com' })).toBe('narrow');
    expect(match({ host: 'y.a.com' })).toBe('wide');
    expect(match({ host: 'a.com' })).toBe('any');
    expect(match({ host: '' })).toBe('any');
  });

  it('falls back to routes without a host when the host has none for the path', () => {
    const match = table(route('any', { path: '/**' }), route('api', { path: '/api/**', hosts: ['a.com'] }));
    expect(match({ path: '/api/x' })).toBe('api');
    expect(match({ path: '/other' })).toBe('any');
  });

  it('takes more headers before fewer, and falls back to a less specific path', () => {
    const match = table(
      route('all', { path: '/**' }),
      route('beta', { path: '/users/**', headers: { 'x-beta': '1' } }),
      route('beta-eu', { path: '/users/**', headers: { 'x-beta': '1', 'x-region': 'eu' } }),
    );
    expect(match({ path: '/users/1', headers: { 'x-beta': '1', 'x-region': 'eu' } })).toBe('beta-eu');
    expect(match({ path: '/users/1', headers: { 'x-beta': '1' } })).toBe('beta');
    expect(match({ path: '/users/1', headers: { 'x-beta': '2' } })).toBe('all');
  });

  it('takes a route that names the method before one that takes all', () => {
    const match = table(route('any', { path: '/x' }), route('post', { path: '/x', methods: ['POST'] }));
    expect(match({ path: '/x', method: 'POST' })).toBe('post');
    expect(match({ path: '/x', method: 'PATCH' })).toBe('any');
  });

  it('answers HEAD where GET is answered', () => {
    expect(table(route('get', { path: '/x', methods: ['GET'] }))({ path: '/x', method: 'HEAD' })).toBe('get');
  });

  it('names what is allowed when only the method does not fit', () => {
    const match = table(
      route('a', { path: '/x', methods: ['GET'] }),
      route('b', { path: '/x', methods: ['POST'] }),
      route('c', { path: '/x', methods: ['PUT'], headers: { 'x-y': '1' } }),
    );
    expect(match({ path: '/x', method: 'DELETE' })).toBe('allow GET HEAD POST');
    expect(match({ path: '/y', method: 'DELETE' })).toBe('none');
  });

  it('treats colons, dots and parentheses in a pattern as themselves', () => {
    const match = table(route('rpc', { path: '/v1/{name}/a:b(c).d' }));
    expect(match({ path: '/v1/x/a:b(c).d' })).toBe('rpc');
    expect(match({ path: '/v1/x/aXb(c).d' })).toBe('none');
  });

  it('matches escaped characters however the pattern writes them', () => {
    expect(table(route('space', { path: '/a b' }))({ path: '/a%20b' })).toBe('space');
    expect(table(route('space', { path: '/a%20b' }))({ path: '/a%20b' })).toBe('space');
  });

  it('looks only at the suffixes that a host has, however many wildcards there are', () => {
    const match = table(
      ...Array.from({ length: 1_000 }, (_, i) => route(`r${i}`, { path: '/**', hosts: [`*.h${i}.example`] })),
      route('all', { path: '/**', hosts: ['*.example'] }),
    );
    expect(match({ path: '/', host: 'a.b.h999.example' })).toBe('r999');
    expect(match({ path: '/', host: 'h999.example' })).toBe('all');
    expect(match({ path: '/', host: 'example' })).toBe('none');
  });

  it('finds one of 10,000 routes in about as many steps as one of ten', async () => {
    using counter = new StepCounter();
    // Steps are counted in code that was compiled since: a module of its own.
    const fresh: string = './route-table.js?steps-are-counted';
    const { RouteTable: Counted } = (await import(fresh)) as { RouteTable: typeof RouteTable };
    const routes = (count: number) => {
      const each = (_: unknown, i: number) => route(`r${i}`, { path: `/service-${i}/{id}/**` });
      return new Counted(Array.from({ length: count }, each));
    };
    const [few, many] = [routes(10), routes(10_000)];
    const stepsTo = (table: RouteTable, service: number) => {
      counter.restart();
      const result = table.match({
        method: 'GET',
        host: 'a.com',
        path: `/service-${service}/1/x`,
        headers: {},
      });
      const steps = counter.count();
      return { found: result.kind === 'route' ? result.route.config.id : result.kind, steps };
    };

    const ofTen = stepsTo(few, 9);
    expect(ofTen).toEqual({ found: 'r9', steps: expect.any(Number) });
    expect(ofTen.steps).toBeGreaterThan(5);
    // One more node of the tree for each digit; a search through all routes takes a thousand times as many.
    const most = 5 * ofTen.steps;
    for (const [service, found] of [
      [0, 'r0'],
      [9_999, 'r9999'],
      [10_000, 'none'],
    ] as const) {
      const { steps, ...rest } = stepsTo(many, service);
      expect({ ...rest, isQuick: steps < most }).toEqual({ found, isQuick: true });
    }
  });
});

/** Counts how many blocks of our code and of the router run: functions, branches, rounds of loops. */
class StepCounter {
  private readonly session = new Session();

  constructor() {
    this.session.connect();
    this.session.post('Profiler.enable');
    this.session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  restart(): void {
    this.count();
  }

  /** @returns steps since the last call */
  count(): number {
    let steps = 0;
    // Of this process: the reply comes before `post` returns. Reading sets the counts back.
    this.session.post('Profiler.takePreciseCoverage', (error, coverage) => {
      if (error) throw error;
      for (const { url, functions } of coverage.result) {
        if (!/find-my-way|route-table\.(?!spec)/.test(url)) continue;
        for (const { ranges } of functions) for (const { count } of ranges) steps += count;
      }
    });
    return steps;
  }

  [Symbol.dispose](): void {
    this.session.post('Profiler.stopPreciseCoverage');
    this.session.disconnect();
  }
}
