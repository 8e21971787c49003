import { z } from 'zod';
import { statuses } from './http.js';
import { count } from './scalars.js';
import { positiveDuration, positiveRatio } from './units.js';

export const breakerSchema = z.strictObject({
  errorRate: positiveRatio()
    .prefault('50%')
    .describe('Share of failures within `window` that opens the breaker. Percentage; default 50%.'),
  window: positiveDuration()
    .prefault('10s')
    .describe('Period that `errorRate` looks back on. Duration; default 10s.'),
  minRequests: count()
    .prefault(20)
    .describe('Requests within `window` below which `errorRate` does not count. Default 20.'),
  consecutiveFailures: count()
    .prefault(5)
    .describe('Failures in a row that open the breaker, whatever the rate. Default 5.'),
  openFor: positiveDuration()
    .prefault('5s')
    .describe(
      'How long the breaker stays open the first time; doubled each time it opens again. Duration; default 5s.',
    ),
  maxOpenFor: positiveDuration()
    .prefault('60s')
    .describe('Longest time that the breaker stays open before a trial. Duration; default 60s.'),
  failureStatuses: statuses()
    .prefault([500, 502, 503, 504])
    .describe('Response statuses, or ranges of them, that count as failures. Default 500, 502, 503, 504.'),
  mode: z
    .enum(['enforce', 'shadow'])
    .prefault('enforce')
    .describe('enforce, or shadow: it changes state and reports, but rejects nothing. Default enforce.'),
});
