/** What rate limits have found out about a request. */
export interface RateLimitReport {
  /** `RateLimit-Policy` of the answer; empty when the limits are only shadows. */
  policy: string;
  /** `RateLimit` of the answer. */
  state: string;
  /** A limit that the request exceeded, for the log: `user`, or `user (shadow)` when it was let through. */
  exceeded: string | undefined;
  /** Others did not answer in time, and are not waited for again. */
  isUnshared: boolean;
  /** The limits of the server that need no user have counted it. */
  isCounted: boolean;
  /** The key of the user for whom the other limits of the server have counted it; `undefined` before that. */
  countedFor: string | undefined;
}

/** @param headers names and values in turn */
export function pushRateLimit(headers: string[], { policy, state }: RateLimitReport): void {
  if (policy !== '') headers.push('RateLimit-Policy', policy, 'RateLimit', state);
}
