import { prefault, z } from 'zod';
import { wordOrHeader } from './http.js';
import { count, countOrZero, oneOrMore, positiveDuration } from './scalars.js';

/** `RateLimit-Policy` and Redis have whole seconds. */
const WHOLE_SECONDS = 'whole seconds such as 1s, 30s, 1m or 1h';

export function rateLimitSchema(byDefault: 'user' | 'ip') {
  return z.strictObject({
    requests: count().describe('Number of requests that can be sent in each period.'),
    per: positiveDuration()
      .refine((ms) => ms % 1000 === 0, WHOLE_SECONDS)
      .describe('The period, in whole seconds.'),
    burst: countOrZero(0).describe(
      'Number of requests in addition to `requests` that can be sent at once after a pause.',
    ),
    key: prefault(wordOrHeader('user', 'ip', 'route'), byDefault).describe(
      'What is counted separately: `user` (anonymous clients by address), `ip` (an IPv6 address by its /64), `header:NAME` (from peers in `trustProxy`; others by address) or `route` (everybody together).',
    ),
    mode: prefault(z.enum(['enforce', 'shadow'], 'enforce or shadow'), 'enforce').describe(
      'With `shadow`, requests beyond the limit are counted and reported, but not rejected.',
    ),
  });
}

/** One limit, or several that all apply. */
export function rateLimits(byDefault: 'user' | 'ip') {
  const expected = 'a limit such as { requests: 100, per: 1m }, or a list of at least one';
  return oneOrMore(rateLimitSchema(byDefault), expected);
}
