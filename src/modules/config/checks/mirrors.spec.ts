import { expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(route: string): string[] {
  const text = `
upstreams: { users: { url: http://users }, next: { url: http://next } }
routes:
  - { id: r, match: { path: /r }, ${route} }`;
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

it('a mirror goes to an upstream that does not get the requests themselves', () => {
  const expected = 'expected an upstream that does not get the requests themselves';
  expect(problems('upstream: users, mirror: { upstream: next }')).toEqual([]);
  expect(problems('upstream: users, mirror: { upstream: users }')).toEqual([
    `4 routes[0].mirror.upstream: found "users", ${expected}`,
  ]);
  expect(
    problems('split: [{ upstream: users }, { upstream: next }], mirror: { upstream: next, percent: 5% }'),
  ).toEqual([`4 routes[0].mirror.upstream: found "next", ${expected}`]);
});
