import { expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

it('bad ids are reported at their keys, together with what is wrong under them', () => {
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
