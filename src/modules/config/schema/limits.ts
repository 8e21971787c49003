import { optional, z } from 'zod';
import { count } from './scalars.js';

function requestsPerUser() {
  return optional(count());
}

/** Limits of the whole gateway. Each is off unless it is written. */
export const serverLimitsSchema = z.strictObject({
  requestsPerIp: optional(count()).describe(
    'Maximum number of requests of one client address that are in flight at a time. Further ones are answered with 429.',
  ),
  requestsPerUser: requestsPerUser().describe(
    'Maximum number of requests of one user that are in flight at a time; anonymous clients are told apart by their addresses. Further ones are answered with 429. A route can override it.',
  ),
  streamsPerUser: optional(count()).describe(
    'Maximum number of event streams and WebSockets that one user has open at a time. Further ones are answered with 429.',
  ),
});

export const routeLimitsSchema = z.strictObject({
  requestsPerUser: requestsPerUser().describe(
    'Maximum number of requests of one user to this route that are in flight at a time, instead of `server.limits.requestsPerUser`.',
  ),
});
