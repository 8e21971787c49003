import { expect, it } from 'vitest';
import { WrongTokens } from './wrong-tokens.js';

it('lets an address try again a minute after its first wrong token, and others at any time', () => {
  let now = 0;
  const tokens = new WrongTokens({ now: () => now, wall: () => 0 });
  for (let i = 0; i < 10; i++) {
    tokens.check('a');
    tokens.add('a');
  }
  now = 59_000;
  expect(() => tokens.check('a')).toThrow('Too many wrong management tokens');
  tokens.check('b');
  now = 60_000;
  tokens.check('a');
  tokens.add('a');
  tokens.check('a');
});
