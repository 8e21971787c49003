import { describe, expect, it } from 'vitest';
import { parameterOf, withoutParameters } from './query-parameter.js';

describe('a parameter of a query', () => {
  it.each([
    ['?key=a', 'a', ''],
    ['?x=1&key=a&y=%20+&z', 'a', '?x=1&y=%20+&z'],
    ['?k%65y=a%2Bb&x', 'a+b', '?x'],
    ['?key', '', ''],
    ['?key=a=b&x=c=d', 'a=b', '?x=c=d'],
    ['?key=a&x&key=b', 'a,b', '?x'],
    ['?key=%zz', '%zz', ''],
    ['?&key=a&', 'a', '?&'],
  ])('is found in %s, and can be taken out of it', (query, value, rest) => {
    expect(parameterOf(query, 'key')).toBe(value);
    expect(withoutParameters(query, new Set(['key', 'other']))).toBe(rest);
  });

  it.each(['', '?', '?x=key', '?keys=a', '?Key=a', '??key=a', '?key%20=a'])('is not in %j', (query) => {
    expect(parameterOf(query, 'key')).toBeUndefined();
    expect(withoutParameters(query, new Set(['key']))).toBe(query);
  });

  it('may have a name with blanks or more than ASCII', () => {
    expect(parameterOf('?a+key=1&schl%C3%BCssel=2', 'a key')).toBe('1');
    expect(parameterOf('?a+key=1&schl%C3%BCssel=2', 'schlüssel')).toBe('2');
  });
});
