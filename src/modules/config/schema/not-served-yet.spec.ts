import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(text: string): string[] {
  const result = parseConfig(text, { file: '/gateway.yaml', env: {}, readFile: () => '' });
  return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`);
}

function refusal(path: string, what: string): string {
  return `${path}: ${what} is part of Breakwater's configuration but not served by this version yet; remove it`;
}

const PROVIDER = `secret: ${'x'.repeat(32)}, algorithms: [HS256]`;
const route = (rest: string) => `
auth: { main: { ${PROVIDER} } }
upstreams: { users: { url: http://users } }
routes: [{ id: r, match: { path: /r }, upstream: users, ${rest} }]`;

const ROUTE_KEYS = ['rateLimit'];

describe('keys that are not served yet', () => {
  it.each(ROUTE_KEYS.map((key) => [route(`${key}: {}`), `routes[0].${key}`]))(
    'are refused by name: %s',
    (text = '', path = '') => {
      expect(problems(text)).toEqual([
        refusal(path, `\`${path.split('.').at(-1)}\``.replace('routes[0].', '')),
      ]);
    },
  );

  it('are unknown keys in any other place', () => {
    expect(problems('server: { redis: 1 }')).toEqual([expect.stringContaining('unknown key "redis"')]);
    expect(problems('upstreams: { u: { url: http://u, token: x } }')).toEqual([
      expect.stringContaining('unknown key "token"'),
    ]);
  });
});
