import { describe, expect, it } from 'vitest';
import { applyHeaderRules, compileHeaderRules } from './header-rules.js';

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
