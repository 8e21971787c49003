import { describe, expect, it } from 'vitest';
import { largest, quantile, quantileAtLeast } from './statistics.js';

const upTo = (count: number) => Array.from({ length: count }, (_, i) => count - i);

describe('quantile', () => {
  it('is the value that a share of all does not exceed', () => {
    expect(quantile(upTo(100), 0.99)).toBe(99);
    expect(quantile(upTo(200), 0.5)).toBe(100);
    expect(quantile([7], 0.99)).toBe(7);
    expect(quantile([], 0.99)).toBeNaN();
  });
});

describe('quantileAtLeast', () => {
  it('leaves room for a little bad luck in few values, and for less in many', () => {
    const unlucky = (count: number, slow: number) => upTo(count).map((_, i) => (i < slow ? 900 : 50));
    // The p99 of 200 values is exceeded by 2 on average; 3 are no proof, 8 are.
    expect(quantile(unlucky(200, 3), 0.99)).toBe(900);
    expect(quantileAtLeast(unlucky(200, 3), 0.99)).toBe(50);
    expect(quantileAtLeast(unlucky(200, 8), 0.99)).toBe(900);
    expect(quantileAtLeast(unlucky(20_000, 300), 0.99)).toBe(900);
  });
});

it('largest is the largest of more values than a call can have arguments', () => {
  expect(largest(upTo(300_000))).toBe(300_000);
  expect(largest([])).toBe(-Infinity);
});
