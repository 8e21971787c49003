import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(where: string): string[] {
  const text = `
upstreams: { users: { url: http://users }, next: { url: http://next } }
routes:
  - id: r
    match: { path: /r }
    ${where}`;
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

describe('a route', () => {
  it('goes to one upstream, or is split', () => {
    expect(problems('upstream: users')).toEqual([]);
    expect(problems('split: [{ upstream: users, weight: 90 }, { upstream: next }]')).toEqual([]);
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
  ])('cannot have %s', (where, message) => {
    expect(problems(where)).toEqual([expect.stringContaining(message)]);
  });
});
