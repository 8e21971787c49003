import { describe, expect, it } from 'vitest';
import { NOTHING_ASKED, requestDirectives } from './request-directives.js';

describe('requestDirectives (RFC 9111 section 5.2.1)', () => {
  it('are none without a field', () => {
    const nothing = {
      noStore: false,
      noCache: false,
      onlyIfCached: false,
      maxAge: Number.POSITIVE_INFINITY,
      minFresh: 0,
      maxStale: 0,
      staleIfError: 0,
    };
    expect(NOTHING_ASKED).toEqual(nothing);
    expect(requestDirectives(undefined, undefined)).toEqual(nothing);
    expect(requestDirectives('', 'no-cache')).toEqual(nothing);
    expect(requestDirectives('x=1', undefined)).toEqual(nothing);
  });

  it.each([
    ['no-store', { noStore: true }],
    ['No-Cache', { noCache: true }],
    ['only-if-cached', { onlyIfCached: true }],
    ['max-age=2', { maxAge: 2_000 }],
    ['max-age', { maxAge: 0 }],
    ['max-age=x', { maxAge: 0 }],
    ['min-fresh=2', { minFresh: 2_000 }],
    ['min-fresh=-2', { minFresh: 0 }],
    ['max-stale=2', { maxStale: 2_000 }],
    ['max-stale', { maxStale: Number.POSITIVE_INFINITY }],
    ['max-stale=x', { maxStale: 0 }],
    ['stale-if-error=2', { staleIfError: 2_000 }],
    ['no-cache, max-age=2, x="no-store"', { noCache: true, maxAge: 2_000 }],
  ])('%s', (field, asked) => {
    expect(requestDirectives(field, undefined)).toEqual({ ...NOTHING_ASKED, ...asked });
  });

  it.each([
    ['no-cache', true],
    ['x, NO-CACHE , y', true],
    ['no-cache-x', false],
    ['x', false],
  ])('Pragma: %s', (pragma, noCache) => {
    expect(requestDirectives(undefined, pragma)).toEqual({ ...NOTHING_ASKED, noCache });
  });
});
