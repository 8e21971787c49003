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
  ])('suggests %2$s for %1$s', (word, meant) => {
    expect(nearest(word, KEYS)).toBe(meant);
  });

  it.each(['retry', 'x', 'uri2', ''])('suggests nothing for %j', (word) => {
    expect(nearest(word, KEYS)).toBeUndefined();
  });

  it('suggests the nearest of two', () => {
    expect(nearest('hosts', ['ports', 'host'])).toBe('host');
  });
});
