import { describe, expect, it } from 'vitest';
import { normaliseHost } from './host.js';

describe('normaliseHost', () => {
  it.each([
    ['A.com', 'a.com'],
    ['a.com.', 'a.com'],
    ['a.com:8080', 'a.com'],
    ['a.com.:80', 'a.com'],
    ['127.0.0.1:1', '127.0.0.1'],
    ['[::1]:8080', '[::1]'],
    ['my_service', 'my_service'],
  ])('reads %s as %s', (authority, host) => {
    expect(normaliseHost(authority)).toBe(host);
  });

  it.each([
    '',
    'a@b',
    'user:pass@b',
    'a:99999',
    'a:x',
    'a:',
    'a b',
    'a\0',
    'a/b',
    'a..b',
    '.a',
    '[::1',
    'a,b',
    '%61',
  ])('refuses %j', (authority) => {
    expect(() => normaliseHost(authority)).toThrow(expect.objectContaining({ code: 'malformed_host' }));
  });
});
