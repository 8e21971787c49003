import { optional, prefault, z } from 'zod';
import { mediaRange } from './http.js';
import { count, integer, positiveSize, size } from './scalars.js';

/** A number of things, where zero means that there is no limit. */
function countOrNone(byDefault: number) {
  return prefault(integer(0, 1_000_000), byDefault);
}

function requestsPerUser() {
  return optional(count());
}

/** Limits of the whole gateway. Those on requests and streams are off unless they are written. */
export const serverLimitsSchema = z.strictObject({
  connections: countOrNone(10_000).describe(
    'Maximum number of client connections at a time, WebSockets included. A further one is closed at once; 0 for no limit.',
  ),
  connectionsPerIp: countOrNone(1_000).describe(
    'The same for each client address (for IPv6, each /64 network). Peers in `trustProxy` are exempt, because they carry the requests of many clients; 0 for no limit.',
  ),
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
