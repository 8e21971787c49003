import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(...routes: [id: string, match: string][]): string[] {
  const list = routes.map(([id, match]) => `  - { id: ${id}, match: ${match}, upstream: users }`);
  const text = `upstreams: { users: { url: http://users } }\nroutes:\n${list.join('\n')}\n`;
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ path, line, message }) => `${line} ${path}: ${message}`);
}

describe('duplicate routes', () => {
  it('have the same id', () => {
    expect(problems(['a', '{ path: /a }'], ['b', '{ path: /b }'], ['a', '{ path: /c }'])).toEqual([
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
    ['a HEAD that GET implies', '{ path: /a, methods: [GET] }', '{ path: /a, methods: [GET, HEAD] }'],
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
  ])('have the same match: %s', (_, first, second) => {
    expect(problems(['a', first], ['b', second])).toEqual([
      expect.stringMatching(/^4 routes\[1\]\.match: found the match of routes\[0\], expected/),
    ]);
  });

  it.each([
    ['paths', '{ path: /a }', '{ path: /a/ }'],
    ['kinds of segment', '{ path: /a/x }', '{ path: "/a/{x}" }'],
    ['methods', '{ path: /a, methods: [GET] }', '{ path: /a, methods: [POST] }'],
    ['named methods and all', '{ path: /a }', '{ path: /a, methods: [POST] }'],
    ['hosts', '{ path: /a, hosts: [a.com] }', '{ path: /a, hosts: [b.com] }'],
    ['values of a header', '{ path: /a, headers: { x: "1" } }', '{ path: /a, headers: { x: "2" } }'],
  ])('are not those with other %s', (_, first, second) => {
    expect(problems(['a', first], ['b', second])).toEqual([]);
  });

  it('are found even when the rest of them is wrong', () => {
    const found = problems(['a', '{ path: /a }'], ['a', '{ path: /a }, timeout: soon']);
    expect(found.map((problem) => problem.split(':')[0])).toEqual([
      '4 routes[1].id',
      '4 routes[1].match',
      '4 routes[1].timeout',
    ]);
  });
});
