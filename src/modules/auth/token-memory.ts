import { LRUCache } from 'lru-cache';
import type { Verified } from './jwt-provider.js';

const REMEMBERED_TOKENS = 10_000;
/** Characters of tokens whose hashes are at hand, enough for as many tokens as are remembered. */
const HASHED_TEXT = 8 * 1024 * 1024;
/** Characters of tokens that are remembered: what is kept of one grows with its claims. */
const VERIFIED_TEXT = 32 * 1024 * 1024;
/** What an entry takes beside its claims, in characters. */
const ENTRY = 512;

/** @returns what tokens are hashed to, by the token */
export function hashesOfTokens(): LRUCache<string, string> {
  return new LRUCache({
    max: REMEMBERED_TOKENS,
    maxSize: HASHED_TEXT,
    sizeCalculation: (_, token) => token.length,
  });
}

/** @returns a memory whose entries are set with their `sizeOfVerified` */
export function verifiedTokens(): LRUCache<string, Verified> {
  return new LRUCache({ max: REMEMBERED_TOKENS, maxSize: VERIFIED_TEXT });
}

export function sizeOfVerified(token: string): number {
  return ENTRY + token.length;
}
