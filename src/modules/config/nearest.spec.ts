import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.js';

const KEYS = ['timeout', 'connectTimeout', 'bodyTimeout', 'url', 'pool'];

describe('nearest', () => {
  it.each([
    ['timout', 'timeout'],
    ['tiemout', 'timeout'],
    ['Timeout', 'timeout'],
    ['timeouts', 'timeout'],
    ['connecttimeout', 'connectTimeout'],
    ['ulr', 'url'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, KEYS)).toBe(meant);
  });

  it.each(['retry', 'x', 'uri2', ''])('has no guess for %j', (word) => {
    expect(nearest(word, KEYS)).toBeUndefined();
  });

  it('prefers the nearer of two', () => {
    expect(nearest('hosts', ['ports', 'host'])).toBe('host');
  });
});
