import { describe, expect, it } from 'vitest';
import { repeatsAKey } from './repeated-keys.js';

describe('repeatsAKey', () => {
  it.each([
    '{"a":1,"a":2}',
    '{"a":{"a":1},"b":[],"a":2}',
    String.raw`{"a":1,"\u0061":2}`,
    '{ "a" : 1 , "a" : 2 }',
  ])('sees it in %s', (json) => {
    expect(repeatsAKey(json)).toBe(true);
  });

  it.each([
    '{}',
    '{"a":"a","b":"a"}',
    '{"a":{"a":1},"b":{"a":2}}',
    '{"list":["a","a"],"a":1}',
    String.raw`{"a":"\",\"a\":","b":"\\"}`,
    '{"a":"{","b":"}"}',
  ])('does not see it in %s', (json) => {
    expect(repeatsAKey(json)).toBe(false);
  });

  it('copes with what is nested deeply', () => {
    const depth = 100_000;
    expect(repeatsAKey(`{"a":${'['.repeat(depth)}${']'.repeat(depth)},"a":1}`)).toBe(true);
  });
});
