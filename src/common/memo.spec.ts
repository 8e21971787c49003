import { describe, expect, it } from 'vitest';
import { memoised } from './memo.js';

function counted() {
  const computed: string[] = [];
  const upper = memoised((key) => {
    computed.push(key);
    return key.toUpperCase();
  });
  return { upper, computed };
}

describe('memoised', () => {
  it('computes once', () => {
    const { upper, computed } = counted();
    expect([upper('a'), upper('a'), upper('b')]).toEqual(['A', 'A', 'B']);
    expect(computed).toEqual(['a', 'b']);
  });

  it('keeps neither long keys nor more than a thousand', () => {
    const { upper, computed } = counted();
    const long = 'x'.repeat(65);
    upper(long);
    upper(long);
    for (let i = 0; i < 1_001; i++) upper(`k${i}`);
    upper('k0');
    upper('k1000');
    expect(computed.filter((key) => key === long)).toHaveLength(2);
    expect(computed.filter((key) => key === 'k0')).toHaveLength(1);
    expect(computed.filter((key) => key === 'k1000')).toHaveLength(2);
  });
});
