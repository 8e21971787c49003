import { expect, it } from 'vitest';
import { RefusedTokens } from './refused-tokens.js';

it('holds 10,000 refused tokens and no more: the one that was not used for longest goes', () => {
  const refused = new RefusedTokens();
  for (let i = 0; i < 10_000; i++) refused.add(`${i}`, 'inactive', 0);
  expect(refused.find('0', 9_999)).toBe('inactive');
  refused.add('one more', 'inactive', 0);
  expect(['0', '1', 'one more'].map((key) => refused.find(key, 9_999))).toEqual([
    'inactive',
    undefined,
    'inactive',
  ]);
});
