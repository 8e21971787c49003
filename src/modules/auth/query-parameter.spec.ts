import { describe, expect, it } from 'vitest';
import { takeParameter } from './query-parameter.js';

describe('takeParameter', () => {
  it.each([
    ['?key=a', 'a', ''],
    ['?x=1&key=a&y=%20+&z', 'a', '?x=1&y=%20+&z'],
    ['?k%65y=a%2Bb&x', 'a+b', '?x'],
    ['?key', '', ''],
    ['?key=a&x&key=b', 'a,b', '?x'],
  ])('takes it out of %s', (query, value, rest) => {
    expect(takeParameter(query, 'key')).toEqual({ value, rest });
  });

  it.each(['', '?', '?x=key', '?keys=a', '?Key=a'])('finds none in %j', (query) => {
    expect(takeParameter(query, 'key')).toBeUndefined();
  });
});
