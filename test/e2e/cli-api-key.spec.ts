import { expect, it } from 'vitest';
import { hashApiKey } from '../../src/modules/auth/api-keys.js';
import { cli, shell } from '../support/cli.js';

it('breakwater api-key prints a new key and its hash', { timeout: 60_000 }, async () => {
  const [first, second] = await Promise.all([cli(['api-key']), cli(['api-key'])]);
  expect(first.code).toBe(0);
  const [, key = '', hash] = /^key: {2}(\S{43})\nhash: (\S+)$/.exec(first.stdout) ?? [];
  expect(hash).toBe(hashApiKey(key));
  expect(second.stdout).not.toBe(first.stdout);
});

// The key arrives while the command already waits for it.
it(
  'breakwater api-key --stdin hashes the key on standard input, also when it arrives late',
  { timeout: 60_000 },
  async () => {
    const late = await shell('(sleep 1; printf "my key\\n") | breakwater api-key --stdin');
    expect(late).toEqual({ code: 0, stdout: `hash: ${hashApiKey('my key')}`, stderr: '' });
  },
);

it('breakwater api-key --stdin exits with 1 without a key', { timeout: 60_000 }, async () => {
  const { code, stderr } = await shell('echo | breakwater api-key --stdin');
  expect([code, stderr]).toEqual([1, 'There is no key on standard input.\n']);
});
