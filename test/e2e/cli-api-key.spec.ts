import { expect, it } from 'vitest';
import { hashApiKey } from '../../src/modules/auth/api-keys.js';
import { cli } from '../support/cli.js';

it('breakwater api-key prints a new key and its hash', { timeout: 60_000 }, async () => {
  const [first, second] = await Promise.all([cli(['api-key']), cli(['api-key'])]);
  expect(first.code).toBe(0);
  const [, key = '', hash] = /^key: {2}(\S{43})\nhash: (\S+)$/.exec(first.stdout) ?? [];
  expect(hash).toBe(hashApiKey(key));
  expect(second.stdout).not.toBe(first.stdout);
});
