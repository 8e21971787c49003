import { expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(path: string, value: string): string[] {
  const text = `
upstreams: { u: { url: http://u } }
routes: [{ id: r, match: { path: "${path}" }, upstream: u, headers: { request: { set: { x-id: '${value}' } } } }]`;
  const result = parseConfig(text, { file: 'f', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map((each) => `${each.path}: ${each.message}`);
}

it.each([
  ['/users/{id}', '{id}'],
  ['/users/{id}/**', '{rest}'],
  ['/users', '{claim:tenant}'],
  ['/users', '{"a":{"b":1}}'],
])('a route for %s accepts the header value %s', (path, value) => {
  expect(problems(path, value)).toEqual([]);
});

it.each([
  ['/users/{id}', '{idd}', '{id}'],
  ['/users/**', '{id}', '{rest}'],
  ['/users', 'a {rest}', 'there are none'],
])('a route for %s refuses the header value %s', (path, value, known) => {
  expect(problems(path, value)).toEqual([
    `routes[0].headers.request.set.x-id: found "${value}", expected parameters of "${path}" only (${known}), or claims such as {claim:tenant}`,
  ]);
});
