import { optional, z } from 'zod';
import { mediaRange } from './http.js';
import { count, countOrZero, positiveDuration, positiveRatio, positiveSize, size } from './scalars.js';

/** Limits of the whole gateway. Those on requests and streams are off unless they are written. */
export const serverLimitsSchema = z.strictObject({
  connections: countOrZero(10_000).describe(
    'Maximum number of client connections at a time, WebSockets included. A further one is closed at once; 0 for no limit.',
  ),
  connectionsPerIp: countOrZero(1_000).describe(
    'The same for each client address (for IPv6, each /64 network). Peers in `trustProxy` are exempt, because they carry the requests of many clients; 0 for no limit.',
  ),
  requestsPerIp: optional(count()).describe(
    'Maximum number of requests of one client address that are in flight at a time. Further ones are answered with 429.',
  ),
  requestsPerUser: optional(count()).describe(
    'Maximum number of requests of one user that are in flight at a time; anonymous clients are told apart by their addresses. Further ones are answered with 429. A route can override it.',
  ),
  streamsPerUser: optional(count()).describe(
    'Maximum number of event streams and WebSockets that one user has open at a time. Further ones are answered with 429.',
  ),
});

export const routeLimitsSchema = z.strictObject({
  requestsPerUser: optional(count()).describe(
    'Maximum number of requests of one user to this route that are in flight at a time, instead of `server.limits.requestsPerUser`.',
  ),
  maxHeaderBytes: optional(positiveSize()).describe(
    'Largest request head. A larger one is answered with 431. It can only lower `server.maxHeaderBytes`.',
  ),
  maxQueryBytes: optional(size()).describe(
    'Longest query, as it is sent. A longer one is answered with 414.',
  ),
  maxQueryParameters: optional(countOrZero()).describe(
    'Maximum number of parameters in the query. A query with more is answered with 414.',
  ),
  contentTypes: optional(z.array(mediaRange()).min(1, 'at least one media type')).describe(
    'Media types that request bodies can have, such as `application/json` or `image/*`. Others, and bodies without a type, are answered with 415.',
  ),
});

const overloadSchema = z.strictObject({
  maxWait: positiveDuration('100ms').describe(
    'How long a request can wait until it is started. The process is overloaded when the oldest request has waited for longer at ten checks in a row, 100 ms apart; while it is, the newest requests start first, and those that have waited for longer are rejected. `low` requests are rejected after half of the time, `high` ones after twice as long.',
  ),
  maxMemory: positiveRatio('90%').describe(
    "Share of the memory, of V8's old generation or of the container, above which new requests are rejected. It is 5 percentage points lower for `low` requests and 5 higher for `high` ones.",
  ),
});

export const serverOverloadSchema = z.union(
  [z.literal('off'), overloadSchema],
  'off, or a mapping such as { maxWait: 100ms }',
);
