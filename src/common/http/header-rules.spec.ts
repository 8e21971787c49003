import { describe, expect, it } from 'vitest';
import {
  applyHeaderRules,
  compileHeaderRules,
  isReservedInRequests,
  isReservedInResponses,
} from './header-rules.js';

function apply(headers: string[], set: Record<string, string>, remove: string[] = []): string[] {
  const rules = compileHeaderRules({ set, remove });
  return rules ? applyHeaderRules(headers, rules) : headers;
}

describe('header rules', () => {
  it('set a field in place of every line of it, whatever its case', () => {
    expect(apply(['X-Api', '1', 'Accept', '*/*', 'x-API', '2'], { 'x-api': '3' })).toEqual([
      'Accept',
      '*/*',
      'x-api',
      '3',
    ]);
  });

  it('remove every line of a field and leave the rest', () => {
    expect(apply(['Set-Cookie', 'a', 'X-A', '1', 'set-cookie', 'b'], {}, ['set-cookie'])).toEqual([
      'X-A',
      '1',
    ]);
  });

  it('set what they also remove', () => {
    expect(apply(['X-A', '1'], { 'x-a': '2' }, ['x-a'])).toEqual(['x-a', '2']);
  });

  it('are nothing when they are empty', () => {
    expect(compileHeaderRules({ set: {}, remove: [] })).toBeUndefined();
  });
});

describe('fields of the gateway', () => {
  const reserved =
    'Host Content-Length Transfer-Encoding Connection TE Upgrade Via Forwarded X-User-Id x_user_id ' +
    'X-JWT-Claims X-Forwarded-For X-Forwarded-Prefix X-Request-Id X-Request-Deadline Breakwater-Mirror';

  it.each(reserved.split(' '))('are reserved in requests: %s', (name) => {
    expect(isReservedInRequests(name)).toBe(true);
  });

  it.each(['Authorization', 'Cookie', 'X-Api-Version', 'Accept'])('do not include %s', (name) => {
    expect(isReservedInRequests(name)).toBe(false);
  });

  it.each(['content-length', 'Trailer', 'X-Request-Id', 'Cache-Status', 'Breakwater-Fallback'])(
    'are reserved in responses: %s',
    (name) => {
      expect(isReservedInResponses(name)).toBe(true);
    },
  );

  it.each(['Set-Cookie', 'X-Frame-Options', 'Cache-Control', 'Server'])(
    'do not include %s in responses',
    (name) => {
      expect(isReservedInResponses(name)).toBe(false);
    },
  );
});
