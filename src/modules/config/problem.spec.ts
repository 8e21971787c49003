import { describe, expect, it } from 'vitest';
import { formatPath, formatProblems } from './problem.js';

describe('formatProblems', () => {
  it('writes one line for each problem, in the order of the file', () => {
    const problems = [
      { file: 'keys.yaml', path: 'apiKeys', line: 1, column: 1, message: 'last' },
      { path: 'routes[0].id', line: 12, column: 9, message: 'third' },
      { path: 'server.port', line: 2, column: 14, message: 'second' },
      { path: '', line: 2, column: 3, message: 'first' },
    ];
    expect(formatProblems('gateway.yaml', problems)).toBe(
      [
        'gateway.yaml:2:3 first',
        'gateway.yaml:2:14 server.port: second',
        'gateway.yaml:12:9 routes[0].id: third',
        'keys.yaml:1:1 apiKeys: last',
      ].join('\n'),
    );
  });
});

describe('formatPath', () => {
  it('joins keys and indices and quotes keys that contain separators', () => {
    expect(formatPath(['routes', 0, 'match', 'path'])).toBe('routes[0].match.path');
    expect(formatPath(['upstreams', 'api.v1', 'timeout'])).toBe('upstreams["api.v1"].timeout');
    expect(formatPath([])).toBe('');
  });
});
