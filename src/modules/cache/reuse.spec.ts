import { describe, expect, it } from 'vitest';
import { requestDirectives } from './directives.js';
import { type Aged, mayCollapse, reuse, usableOnError } from './reuse.js';

const ENTRY: Aged = {
  storedAt: 0,
  initialAge: 0,
  lifetime: 60_000,
  noCache: false,
  mustRevalidate: false,
  staleIfError: 0,
  staleWhileRevalidate: 0,
};
const asking = (field?: string, pragma?: string) => requestDirectives(field, pragma);
const use = (now: number, field?: string, entry: Partial<Aged> = {}) =>
  reuse({ ...ENTRY, ...entry }, now, asking(field));

describe('reuse', () => {
  it('is up to the lifetime and not at its end (RFC 9111 section 4.2)', () => {
    expect([use(59_999), use(60_000)]).toEqual(['fresh', 'validate']);
    expect(use(10_000, undefined, { initialAge: 50_000 })).toBe('validate');
    const later = { storedAt: 10_000 };
    expect([use(69_999, undefined, later), use(70_000, undefined, later)]).toEqual(['fresh', 'validate']);
  });

  it('needs validation with no-cache of either side (sections 5.2.1.4 and 5.2.2.4)', () => {
    expect(use(0, 'no-cache')).toBe('validate');
    expect(use(0, undefined, { noCache: true })).toBe('validate');
    expect(reuse(ENTRY, 0, asking(undefined, 'no-cache'))).toBe('validate');
  });

  it('follows Pragma only without Cache-Control (section 5.4)', () => {
    expect(reuse(ENTRY, 0, asking('max-age=100', 'no-cache'))).toBe('fresh');
  });

  it('follows max-age (section 5.2.1.1)', () => {
    expect([use(10_000, 'max-age=10'), use(10_001, 'max-age=10')]).toEqual(['fresh', 'validate']);
    expect(use(0, 'max-age=0')).toBe('validate');
    expect(use(70_000, 'max-age=10, max-stale=20')).toBe('validate');
  });

  it('follows min-fresh (section 5.2.1.3)', () => {
    expect([use(10_000, 'min-fresh=50'), use(10_001, 'min-fresh=50')]).toEqual(['fresh', 'validate']);
  });

  it('follows max-stale (section 5.2.1.2)', () => {
    expect([use(70_000, 'max-stale=10'), use(70_001, 'max-stale=10')]).toEqual(['stale', 'validate']);
    expect(use(1e9, 'max-stale')).toBe('stale');
    expect(use(60_000, 'max-stale=1')).toBe('stale');
    expect(use(60_000, 'max-stale=0')).toBe('validate');
    expect(use(61_000, 'max-stale, min-fresh=1')).toBe('validate');
  });

  it('never follows it against must-revalidate (section 5.2.2.2)', () => {
    expect(use(61_000, 'max-stale', { mustRevalidate: true })).toBe('validate');
  });

  it('goes on while it is revalidated (RFC 5861 section 3)', () => {
    const entry = { staleWhileRevalidate: 10_000 };
    expect(use(70_000, undefined, entry)).toBe('stale-while-revalidate');
    expect(use(70_001, undefined, entry)).toBe('validate');
    expect(use(65_000, 'max-age=100', entry)).toBe('validate');
  });
});

describe('usableOnError (RFC 5861 section 4)', () => {
  const onError = (now: number, entry: Partial<Aged>, field?: string) =>
    usableOnError({ ...ENTRY, ...entry }, now, asking(field));

  it('is within the window of the entry, or of the request', () => {
    expect(onError(70_000, { staleIfError: 10_000 })).toBe(true);
    expect(onError(70_001, { staleIfError: 10_000 })).toBe(false);
    expect(onError(70_000, {}, 'stale-if-error=10')).toBe(true);
    expect([onError(10_000, {}), onError(60_000, {})]).toEqual([false, false]);
  });

  it('is never against must-revalidate or no-cache', () => {
    expect(onError(61_000, { staleIfError: 10_000, mustRevalidate: true })).toBe(false);
    expect(onError(61_000, { staleIfError: 10_000 }, 'no-cache')).toBe(false);
  });
});

describe('mayCollapse', () => {
  const waits = (now: number, field?: string, entry: Partial<Aged> = {}) =>
    mayCollapse({ ...ENTRY, ...entry }, now, asking(field));

  it('shares a response that was stale on arrival with those who waited for it (RFC 9111 section 4)', () => {
    expect([waits(59_999), waits(60_000)]).toEqual([true, true]);
  });

  it.each<[string, Partial<Aged>]>([
    ['must-revalidate', { mustRevalidate: true }],
    ['no-cache', { noCache: true }],
    ['max-age=0', { lifetime: 0 }],
  ])('does not share a stale response with %s', (_, entry) => {
    expect(waits(60_000, undefined, entry)).toBe(false);
  });

  it.each(['no-cache', 'max-age=59', 'min-fresh=1'])(
    'does not share it with a client that says %s',
    (field) => {
      expect(waits(60_000, field)).toBe(false);
    },
  );
});
