import { expect, it } from 'vitest';
import type { ConfigStore } from './config.store.js';
import { ManagementToken } from './management-token.js';

it('lets an address try again a minute after its first wrong token, and others at any time', () => {
  let now = 0;
  // The member that it reads.
  const config = { current: { management: { token: 'right' } } } as ConfigStore;
  const token = new ManagementToken(config, { now: () => now, wall: () => 0 });
  for (let i = 0; i < 10; i++) {
    token.check('a', 'management');
    expect(token.isRight('wrong', 'a', 'management')).toBe(false);
  }
  now = 59_000;
  expect(() => token.check('a', 'management')).toThrow('Too many wrong management tokens');
  token.check('b', 'management');
  expect(token.isRight('right', 'b', 'management')).toBe(true);
  now = 60_000;
  token.check('a', 'management');
  expect(token.isRight('wrong', 'a', 'management')).toBe(false);
  token.check('a', 'management');
});

it('counts wrong tokens on each port by themselves, so that callers cannot lock operators out', () => {
  const config = { current: { management: { token: 'right' } } } as ConfigStore;
  const token = new ManagementToken(config, { now: () => 0, wall: () => 0 });
  for (let i = 0; i < 10; i++) token.isRight('wrong', 'a', 'public');
  expect(() => token.check('a', 'public')).toThrow('Too many wrong management tokens');
  token.check('a', 'management');
  expect(token.isRight('right', 'a', 'management')).toBe(true);
});

it('takes no token for right when none is configured', () => {
  const config = { current: { management: { token: '' } } } as ConfigStore;
  expect(new ManagementToken(config, { now: () => 0, wall: () => 0 }).isRight('', 'a', 'management')).toBe(
    false,
  );
});
