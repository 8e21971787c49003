import { optional, z } from 'zod';
import { mediaRange } from './http.js';
import { count, integer, positiveSize, size } from './scalars.js';

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
  maxHeaderBytes: optional(positiveSize()).describe(
    'Largest request head. A larger one is answered with 431. It can only lower `server.maxHeaderBytes`.',
  ),
  maxQueryBytes: optional(size()).describe(
    'Longest query, as it is sent. A longer one is answered with 414.',
  ),
  maxQueryParameters: optional(integer(0, 1_000_000)).describe(
    'Maximum number of parameters in the query. A query with more is answered with 414.',
  ),
  contentTypes: optional(z.array(mediaRange()).min(1, 'at least one media type')).describe(
    'Media types that request bodies can have, such as `application/json` or `image/*`. Others, and bodies without a type, are answered with 415.',
  ),
});
