import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

const PROVIDER = `{ secret: ${'x'.repeat(32)}, algorithms: [HS256] }`;

function problems(text: string, env: Record<string, string> = {}): string[] {
  const result = parseConfig(text, { file: '/gateway.yaml', env, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

function withRoute(rest: string, auth = ''): string {
  return `
auth: { ${auth} }
upstreams: { users: { url: http://users }, orders: { url: http://orders } }
routes: [{ id: r, match: { path: /r }, ${rest} }]
`;
}

describe('references', () => {
  it('accepts ids of upstreams and providers that exist', () => {
    const auth = `main: ${PROVIDER}`;
    expect(problems(withRoute('upstream: users, auth: { provider: main }', auth))).toEqual([]);
    expect(problems(withRoute('upstream: users, auth: {}', auth))).toEqual([]);
    expect(problems(withRoute('upstream: users, auth: none'))).toEqual([]);
  });

  it('lists the ids that exist and suggests the nearest', () => {
    expect(problems(withRoute('upstream: user'))).toEqual([
      'routes[0].upstream: found "user", expected the id of an entry of `upstreams` (users, orders); did you mean `users`?',
    ]);
  });

  it('lists the first ids of many', () => {
    const upstreams = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`u${i}`, { url: 'http://x' }]),
    );
    const routes = [{ id: 'r', match: { path: '/r' }, upstream: 'other' }];
    expect(problems(JSON.stringify({ upstreams, routes }))).toEqual([
      expect.stringMatching(/\(u0, .*, u49 and 10 more\)$/),
    ]);
  });

  it('checks the upstream of a mirror', () => {
    expect(problems(withRoute('upstream: users, mirror: { upstream: orders }'))).toEqual([]);
    expect(problems(withRoute('upstream: users, mirror: { upstream: order }'))).toEqual([
      expect.stringContaining('routes[0].mirror.upstream: found "order"'),
    ]);
  });

  it('does not accept names that objects inherit', () => {
    expect(problems(withRoute('upstream: constructor'))).toEqual([
      expect.stringContaining('found "constructor"'),
    ]);
    expect(problems(withRoute('upstream: __proto__'))).toEqual([
      expect.stringContaining('found "__proto__"'),
    ]);
  });

  it('reports a provider that does not exist', () => {
    expect(problems(withRoute('upstream: users, auth: { provider: man }', `main: ${PROVIDER}`))).toEqual([
      'routes[0].auth.provider: found "man", expected the id of an entry of `auth` (main); did you mean `main`?',
    ]);
  });

  it('reports a route that requires a token when there is no provider', () => {
    expect(problems(withRoute('upstream: users, auth: { optional: true }'))).toEqual([
      expect.stringContaining('routes[0].auth: found a mapping, expected `none`, or a provider'),
    ]);
  });

  it('shows the value of a variable unless its name tells that it is a secret', () => {
    const expected = 'expected the id of an entry of `upstreams` (users, orders)';
    expect(problems(withRoute('upstream: "${ID}"'), { ID: 'user' })).toEqual([
      `routes[0].upstream: found "user" from "\${ID}", ${expected}; did you mean \`users\`?`,
    ]);
    expect(problems(withRoute('upstream: "${API_TOKEN}"'), { API_TOKEN: 'user' })).toEqual([
      `routes[0].upstream: found "\${API_TOKEN}", ${expected}`,
    ]);
    expect(problems(withRoute('upstream: "${ID}"'))).toEqual([expect.stringContaining('ID is not set')]);
  });

  it('are reported together with other problems', () => {
    const found = problems(`server: { port: http }\n${withRoute('upstream: user, timeout: soon')}`);
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      'server.port',
      'routes[0].upstream',
      'routes[0].timeout',
    ]);
  });
});

/** Upstreams `a`, `b` and `c`, with the fallback upstream of each. */
function fallbackProblems(fallbacks: Record<string, string>, rest = ''): string[] {
  const upstreams = ['a', 'b', 'c'].map((id) => {
    const fallback = fallbacks[id] === undefined ? '' : `, fallback: { upstream: ${fallbacks[id]} }`;
    return `  ${id}: { url: http://${id}${fallback} }`;
  });
  const text = ['upstreams:', ...upstreams, rest].join('\n');
  return problems(text);
}

describe('fallback upstreams', () => {
  it('can form a chain', () => {
    expect(fallbackProblems({ a: 'b', b: 'c' })).toEqual([]);
    expect(fallbackProblems({ a: 'c', b: 'c' })).toEqual([]);
  });

  it('must exist', () => {
    expect(fallbackProblems({ a: 'other' })).toEqual([
      'upstreams.a.fallback.upstream: found "other", expected the id of an entry of `upstreams` (a, b, c)',
    ]);
    expect(fallbackProblems({}, 'defaults: { fallback: { upstream: d } }')).toEqual([
      expect.stringContaining('defaults.fallback.upstream: found "d"'),
    ]);
  });

  it.each([
    [{ a: 'a' }, 'upstreams.a.fallback.upstream: found "a"', 'a > a'],
    [{ b: 'c', c: 'b' }, 'upstreams.b.fallback.upstream: found "c"', 'b > c > b'],
    [{ a: 'b', b: 'c', c: 'b' }, 'upstreams.b.fallback.upstream: found "c"', 'b > c > b'],
    [{ c: 'a', a: 'b', b: 'c' }, 'upstreams.a.fallback.upstream: found "b"', 'a > b > c > a'],
  ])('must not form a cycle: %j', (fallbacks, found, chain) => {
    expect(fallbackProblems(fallbacks)).toEqual([
      `${found}, expected an upstream whose fallbacks do not lead back: ${chain}`,
    ]);
  });

  it('are checked in linear time, however long the chain is', () => {
    const LENGTH = 3_000;
    const upstreams = Array.from({ length: LENGTH }, (_, i) => [
      `u${i}`,
      { url: 'http://x', fallback: { upstream: `u${(i + 1) % LENGTH}` } },
    ]);
    const found = problems(JSON.stringify({ upstreams: Object.fromEntries(upstreams) }));
    expect(found).toEqual([expect.stringMatching(/^upstreams\.u0\.fallback.* u0 > u1 > .* > u2999 > u0$/)]);
  });

  it('in `defaults` apply to every upstream but the one they name', () => {
    expect(fallbackProblems({}, 'defaults: { fallback: { upstream: b } }')).toEqual([]);
  });

  it('must not form a cycle through `defaults`', () => {
    expect(fallbackProblems({ b: 'c' }, 'defaults: { fallback: { upstream: b } }')).toEqual([
      'upstreams.b.fallback.upstream: found "c", expected an upstream whose fallbacks do not lead back: b > c > b',
    ]);
  });
});

it('reports invalid ids at their keys, together with what is wrong under them', () => {
  const text =
    'upstreams:\n  "a b": { url: http://x, timeout: 3 }\n  constructor: { url: http://x }\nauth:\n  _x: 5\n';
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  const problems = result.ok ? [] : result.problems.map(({ path, line, column }) => [path, line, column]);
  expect(problems).toEqual([
    ['upstreams["a b"]', 2, 3],
    ['upstreams["a b"].timeout', 2, 36],
    ['auth._x', 5, 3],
    ['auth._x', 5, 7],
  ]);
});
