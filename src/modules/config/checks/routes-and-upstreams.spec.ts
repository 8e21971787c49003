import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(text: string): string[] {
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ path, line, message }) => `${line} ${path}: ${message}`);
}

function routeProblems(...routes: [id: string, match: string][]): string[] {
  const list = routes.map(([id, match]) => `  - { id: ${id}, match: ${match}, upstream: users }`);
  const text = `upstreams: { users: { url: http://users } }\nroutes:\n${list.join('\n')}\n`;
  return problems(text);
}

describe('duplicate routes', () => {
  it('reports two routes with the same id', () => {
    expect(routeProblems(['a', '{ path: /a }'], ['b', '{ path: /b }'], ['a', '{ path: /c }'])).toEqual([
      '5 routes[2].id: found "a", expected another id: routes[0] has this one',
    ]);
  });

  it.each([
    ['the same path', '{ path: /a }', '{ path: /a }'],
    ['parameters of other names', '{ path: "/a/{x}" }', '{ path: "/a/{y}" }'],
    [
      'methods in another order and case',
      '{ path: /a, methods: [GET, PUT] }',
      '{ path: /a, methods: [put, get] }',
    ],
    ['HEAD, which GET implies', '{ path: /a, methods: [GET] }', '{ path: /a, methods: [GET, HEAD] }'],
    [
      'hosts in another order and case',
      '{ path: /a, hosts: [a.com, b.com] }',
      '{ path: /a, hosts: [B.com, a.com] }',
    ],
    [
      'headers in another order and case',
      '{ path: /a, headers: { x: "1", y: "2" } }',
      '{ path: /a, headers: { Y: "2", X: "1" } }',
    ],
  ])('reports two routes with the same match: %s', (_, first, second) => {
    expect(routeProblems(['a', first], ['b', second])).toEqual([
      expect.stringMatching(/^4 routes\[1\]\.match: found the match of routes\[0\], expected/),
    ]);
  });

  it.each([
    ['paths', '{ path: /a }', '{ path: /a/ }'],
    ['kinds of segment', '{ path: /a/x }', '{ path: "/a/{x}" }'],
    ['methods', '{ path: /a, methods: [GET] }', '{ path: /a, methods: [POST] }'],
    ['methods, where one route takes all', '{ path: /a }', '{ path: /a, methods: [POST] }'],
    ['hosts', '{ path: /a, hosts: [a.com] }', '{ path: /a, hosts: [b.com] }'],
    ['values of a header', '{ path: /a, headers: { x: "1" } }', '{ path: /a, headers: { x: "2" } }'],
  ])('accepts two routes with different %s', (_, first, second) => {
    expect(routeProblems(['a', first], ['b', second])).toEqual([]);
  });

  it('reports them even when other keys of the routes are invalid', () => {
    const found = routeProblems(['a', '{ path: /a }'], ['a', '{ path: /a }, timeout: soon']);
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      '4 routes[1].id',
      '4 routes[1].match',
      '4 routes[1].timeout',
    ]);
  });
});

describe('the destination of a route', () => {
  const to = (where: string) =>
    problems(`
upstreams: { users: { url: http://users }, next: { url: http://next } }
routes:
  - id: r
    match: { path: /r }
    ${where}`);

  it('is an upstream or a split', () => {
    expect(to('upstream: users')).toEqual([]);
    expect(to('split: [{ upstream: users, weight: 90 }, { upstream: next }]')).toEqual([]);
  });

  it.each([
    ['', '4 routes[0].upstream: missing, expected the id of an upstream, or `split`'],
    [
      'split: [{ upstream: users }]\n    upstream: users',
      '6 routes[0].split: found `split` beside `upstream`, expected one of them',
    ],
    ['split: []', '6 routes[0].split: found a list, expected at least one side with a weight above 0'],
    [
      'split: [{ upstream: users, weight: 0 }]',
      '6 routes[0].split: found a list, expected at least one side',
    ],
    ['split: [{ upstream: users, weight: -1 }]', '6 routes[0].split[0].weight: found -1'],
    [
      'split: [{ upstream: user }]',
      '6 routes[0].split[0].upstream: found "user", expected the id of an entry',
    ],
    ['split: [{ weight: 1 }]', '6 routes[0].split[0].upstream: missing'],
  ])('cannot be %j', (where, message) => {
    expect(to(where)).toEqual([expect.stringContaining(message)]);
  });

  it('is not the upstream of its mirror', () => {
    const expected = 'expected an upstream that does not get the requests themselves';
    expect(to('upstream: users\n    mirror: { upstream: next }')).toEqual([]);
    expect(to('upstream: users\n    mirror: { upstream: users }')).toEqual([
      `7 routes[0].mirror.upstream: found "users", ${expected}`,
    ]);
    expect(to('split: [{ upstream: users }, { upstream: next }]\n    mirror: { upstream: next }')).toEqual([
      `7 routes[0].mirror.upstream: found "next", ${expected}`,
    ]);
  });
});

describe('the targets of an upstream', () => {
  const of = (upstream: string) => problems(`upstreams:\n  users: ${upstream}\n`);

  it('are a `url` or `targets`', () => {
    expect(of('{ url: http://a }')).toEqual([]);
    expect(of('{ targets: [{ url: http://a }, { url: http://b, weight: 3 }] }')).toEqual([]);
    expect(of('{}')).toEqual(['2 upstreams.users.url: missing, expected an http or https URL, or `targets`']);
    expect(of('{ url: http://a, targets: [{ url: http://b }] }')).toEqual([
      '2 upstreams.users.targets: found `targets` beside `url`, expected one of them',
    ]);
  });

  it('are not reported as missing when only their variable is', () => {
    expect(of('{ url: "${USERS_URL}" }')).toEqual([expect.stringContaining('USERS_URL is not set')]);
  });

  it('are listed once each, in whatever spelling', () => {
    const targets = (...urls: string[]) =>
      `{ targets: [${urls.map((url) => `{ url: "${url}" }`).join(', ')}] }`;
    expect(of(targets('http://a', 'http://b/', 'http://HTTP', 'http://a:81', 'http://a/v1'))).toEqual([]);
    expect(of(targets('http://a:80/v1', 'http://b', 'http://A/v1/'))).toEqual([
      '2 upstreams.users.targets[2].url: found "http://A/v1/", expected another target: targets[0] is this one; `weight` gives it a larger share',
    ]);
  });
});
