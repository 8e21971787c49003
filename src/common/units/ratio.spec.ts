import { describe, expect, it } from 'vitest';
import { parseRatio } from './ratio.js';

describe('parseRatio', () => {
  it.each([
    ['50%', 0.5],
    ['100%', 1],
    ['0.5%', 0.005],
    ['0%', 0],
  ])('reads %s as %d', (text, ratio) => {
    expect(parseRatio(text)).toBe(ratio);
  });

  it.each(['', '50', '0.5', '50 %', '-1%', '101%', '100.1%', '%', '5e1%'])('refuses %j', (text) => {
    expect(parseRatio(text)).toBeUndefined();
  });
});
