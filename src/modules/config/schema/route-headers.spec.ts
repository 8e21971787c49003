import { describe, expect, it } from 'vitest';
import { parseConfig } from '../parse-config.js';

function problems(headers: string): string[] {
  const text = `
upstreams: { users: { url: http://users } }
routes:
  - id: r
    match: { path: /r }
    upstream: users
    headers:
      ${headers}`;
  const result = parseConfig(text, { file: '/gateway.yaml', env: { EVIL: 'a\r\nb' }, readFile: () => '' });
  if (result.ok) return [];
  return result.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

describe('headers of a route', () => {
  it('are names and values', () => {
    expect(problems('request: { set: { X-A: "1" }, remove: [Cookie] }')).toEqual([]);
  });

  it.each(['Host', 'content-length', 'X-Forwarded-For', 'x-user-id', 'Via', 'Connection'])(
    'cannot say what the gateway says itself: %s',
    (name) => {
      const expected = `found "${name}", expected a header that the gateway does not set itself`;
      expect(problems(`request: { set: { ${name}: a } }`)).toEqual([
        `8 routes[0].headers.request.set.${name}: ${expected}`,
      ]);
      expect(problems(`request: { remove: [${name}] }`)).toEqual([
        `8 routes[0].headers.request.remove[0]: ${expected}`,
      ]);
    },
  );

  it('cannot frame responses', () => {
    expect(problems('response: { set: { Transfer-Encoding: chunked } }')).toEqual([
      expect.stringContaining('8 routes[0].headers.response.set.Transfer-Encoding'),
    ]);
  });

  it.each(['"a\\r\\nb"', '"a\\nb"', '"a\\0b"', '"${EVIL}"'])('cannot split a head: %s', (value) => {
    expect(problems(`request: { set: { x-a: ${value} } }`)).toEqual([
      expect.stringContaining('8 routes[0].headers.request.set.x-a: found'),
    ]);
  });
});
