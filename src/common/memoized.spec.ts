import { expect, it, vi } from 'vitest';
import { memoized } from './memoized.js';

it('computes one value for each object', () => {
  const compute = vi.fn<(key: { readonly name: string }) => string[]>(({ name }) => [name]);
  const listOf = memoized(compute);
  const [a, b] = [{ name: 'a' }, { name: 'b' }];
  expect([listOf(a), listOf(b), listOf(a)]).toEqual([['a'], ['b'], ['a']]);
  expect(listOf(a)).toBe(listOf(a));
  expect(compute).toHaveBeenCalledTimes(2);
});
