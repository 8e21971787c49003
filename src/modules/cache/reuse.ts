import type { Keeping } from './storable.js';
import type { RequestDirectives } from './request-directives.js';

export type Aged = Pick<
  Keeping,
  'lifetime' | 'noCache' | 'mustRevalidate' | 'staleIfError' | 'staleWhileRevalidate'
> & {
  /** Monotonic milliseconds. */
  readonly storedAt: number;
  readonly initialAge: number;
};

/**
 * - `fresh`: use it;
 * - `stale`: the client takes it as it is;
 * - `stale-while-revalidate`: use it, and ask the upstream meanwhile;
 * - `validate`: ask the upstream first.
 */
export type Reuse = 'fresh' | 'stale' | 'stale-while-revalidate' | 'validate';

/** RFC 9111 section 4.2.3: current_age, in milliseconds. */
export function ageOf({ initialAge, storedAt }: Pick<Aged, 'initialAge' | 'storedAt'>, now: number): number {
  return initialAge + (now - storedAt);
}

/** May a stored response be used, and how? (RFC 9111 sections 4 and 4.2.4) */
export function reuse(entry: Aged, now: number, asked: RequestDirectives): Reuse {
  // Section 4: neither side lets it be used without validation.
  if (entry.noCache || asked.noCache) return 'validate';
  const age = ageOf(entry, now);
  // Section 5.2.1.1: older than the client wants. Whoever says 0 wants it validated, however young it is.
  if (age > asked.maxAge || asked.maxAge === 0) return 'validate';
  const left = entry.lifetime - age;
  // Section 4.2: response_is_fresh, and as much longer as the client wants (section 5.2.1.3).
  if (left > 0 && left >= asked.minFresh) return 'fresh';
  if (entry.mustRevalidate || asked.minFresh > 0) return 'validate';
  if (asked.maxStale > 0 && -left <= asked.maxStale) return 'stale';
  // RFC 5861 section 3; a client that names an age means it.
  const isGraced = entry.staleWhileRevalidate > 0 && -left <= entry.staleWhileRevalidate;
  return isGraced && asked.maxAge === Number.POSITIVE_INFINITY ? 'stale-while-revalidate' : 'validate';
}

/** RFC 5861 section 4: may it be used because there is no other? */
export function usableOnError(entry: Aged, now: number, asked: RequestDirectives): boolean {
  // RFC 9111 section 4.2.4; a no-cache of the client means that it would rather have an error.
  if (entry.mustRevalidate || asked.noCache) return false;
  const staleness = ageOf(entry, now) - entry.lifetime;
  const window = Math.max(entry.staleIfError, asked.staleIfError);
  return window > 0 && staleness <= window;
}
