import { describe, expect, it } from 'vitest';
import { identityOf } from './identity-of.js';
import { hashesOfTokens, sizeOfVerified, verifiedTokens } from './token-memory.js';

const MIB = 1024 * 1024;

describe('hashesOfTokens', () => {
  it('has no more of them than tokens are remembered, however short they are', () => {
    const hashes = hashesOfTokens();
    for (let i = 0; i <= 10_000; i++) hashes.set(`${i}`, 'hash');
    expect([hashes.size, hashes.has('0'), hashes.has('1')]).toEqual([10_000, false, true]);
  });

  it('has no more than 8 MiB of tokens', () => {
    const hashes = hashesOfTokens();
    for (let i = 0; i <= 512; i++) hashes.set(`${i}`.padEnd(16 * 1024), 'hash');
    expect([hashes.size * 16 * 1024, hashes.has('0'.padEnd(16 * 1024))]).toEqual([8 * MIB, false]);
  });
});

describe('verifiedTokens', () => {
  const verdict = { identity: identityOf({}, { provider: 'main', forwardClaims: {} }), expiresAtMs: 0 };

  it.each([
    [100, 10_000],
    // 32 MiB by their length, and what an entry takes beside it.
    [16_384 - 512, 2_048],
  ])('of %d characters each are %d, and no more', (length, most) => {
    const verified = verifiedTokens();
    const size = sizeOfVerified('x'.repeat(length));
    for (let i = 0; i <= most; i++) verified.set(`${i}`, verdict, { size });
    expect([verified.size, verified.has('0'), verified.has('1')]).toEqual([most, false, true]);
  });
});
