import { optional, prefault, z } from 'zod';
import { FORWARDED_FAMILIES } from '../../../common/http/forwarded.js';
import { corsSchema } from './cors.js';
import { errorsSchema } from './errors.js';
import { serverLimitsSchema, serverOverloadSchema } from './limits.js';
import { securityHeadersSchema } from './security-headers.js';
import { accessSchema, bindAddress, cidr } from './network.js';
import { serverTlsSchema } from './server-tls.js';
import { rateLimits } from './rate-limit.js';
import {
  boolean,
  duration,
  integer,
  port,
  positiveDuration,
  positiveSize,
  size,
  list,
  textLike,
} from './scalars.js';

const shutdownSchema = z.strictObject({
  delay: duration('5s').describe(
    'How long requests are still accepted after SIGTERM, while load balancers take notice.',
  ),
  drain: duration('20s').describe(
    'How long requests in flight can then take before their connections are closed.',
  ),
});

const MAX_WORKERS = 256;

const workersSchema = z.union(
  [z.literal('auto'), integer(1, MAX_WORKERS)],
  `auto, or a whole number from 1 to ${MAX_WORKERS}`,
);

export const serverSchema = z.strictObject({
  host: prefault(bindAddress(), '0.0.0.0').describe('Address or host name to listen on.'),
  port: port(8080).describe('Port to listen on; with 0 the system chooses a free one.'),
  trustProxy: list(cidr()).describe(
    'Addresses or CIDR blocks of the peers whose `X-Forwarded-*` are trusted and passed on.',
  ),
  access: prefault(accessSchema, {}).describe(
    'Which clients can call, by their addresses as `trustProxy` resolves them. Others are answered with 403. It applies to everything on this port, in addition to `access` of the route.',
  ),
  forwardedHeaders: prefault(
    z.enum(FORWARDED_FAMILIES, 'both, x-forwarded, forwarded or none'),
    'both',
  ).describe(
    'Headers that tell upstreams where a request comes from: `x-forwarded` (`X-Forwarded-*`), `forwarded` (RFC 7239), both or none.',
  ),
  maxHeaderBytes: positiveSize('16KiB').describe('Largest request head. A larger one is answered with 431.'),
  maxBodyBytes: size('10MiB').describe(
    'Largest request body, counted while it streams. A larger one is answered with 413. A route can override it.',
  ),
  headersTimeout: positiveDuration('10s').describe(
    'How long a client can take to send its request headers. After that it is answered with 408.',
  ),
  requestIdleTimeout: positiveDuration('30s').describe(
    'How long a client can pause while it sends a request body. After that it is answered with 408.',
  ),
  requestTimeout: duration('0s').describe(
    'How long a client can take to send its whole request, however steadily; 0s for no limit. A route can override it.',
  ),
  receiveMinRate: size('1KiB').describe(
    'Bytes per second of a request body that a client has to send, on average over `requestIdleTimeout`. Otherwise it is answered with 408; 0B turns the limit off, for uploads that pause. Pauses of the gateway do not count.',
  ),
  sendTimeout: positiveDuration('30s').describe(
    'Write idle timeout: the connection is closed when the client reads nothing for this long.',
  ),
  sendMinRate: size('1KiB').describe(
    'Bytes per second that a client has to read while more is waiting for it, on average over `sendTimeout` or longer. Otherwise its connection is closed; 0B turns the limit off.',
  ),
  keepAliveTimeout: positiveDuration('65s').describe(
    'How long an idle client connection is kept open. It should exceed the idle timeout of a load balancer in front of the gateway.',
  ),
  healthDetails: boolean(false).describe(
    'Whether `/health` on this port shows upstreams, Redis and token issuers with their failures, as the management port does. Otherwise it only says `ok` or `degraded`.',
  ),
  workers: prefault(workersSchema, 1).describe(
    'Processes that serve requests as one gateway: a number, or `auto` for one for each available CPU. With more than one, limits such as `bulkhead.concurrent` are divided among them.',
  ),
  rateLimit: optional(rateLimits('ip')).describe(
    'Limits on the rate of requests, over all routes together. Further requests are answered with 429.',
  ),
  limits: prefault(serverLimitsSchema, {}).describe(
    'Limits on connections, and on what one client can have in flight at a time.',
  ),
  overload: prefault(serverOverloadSchema, {}).describe(
    'Overload protection: new requests are answered with 503 while this process has more of them than it can serve, first those of routes with a low `priority`. A mapping, or `off`; it is on by default.',
  ),
  tls: optional(serverTlsSchema).describe('TLS of clients. Without this key the port speaks plain HTTP.'),
  shutdown: prefault(shutdownSchema, {}).describe('The steps between SIGTERM and the exit of the process.'),
  securityHeaders: prefault(securityHeadersSchema, 'api').describe(
    'Security headers that responses of upstreams get unless they have them: `api` (`X-Content-Type-Options`, and over TLS `Strict-Transport-Security`), `off`, or options of helmet. A route can override it.',
  ),
  compression: boolean(false).describe(
    'Whether responses of upstreams are compressed (br, gzip, deflate) for clients that accept it. A route can override it.',
  ),
  errors: prefault(errorsSchema, {}).describe('The form of errors of the gateway.'),
  cors: prefault(corsSchema, {}).describe(
    'Which web pages of other origins can call. It is off without `origins`. A route can override it.',
  ),
});

/** Whatever clients can send as a bearer token; RFC 6750 section 2.1 allows less. */
const TOKEN = /^[\x21-\x7e]*$/;
const TOKEN_FORM =
  'text of visible ASCII characters without blanks, which clients can send as a bearer token (a number needs quotes)';

export const managementSchema = z.strictObject({
  host: prefault(bindAddress(), '127.0.0.1').describe(
    'Address or host name that metrics, health and administration listen on. The environment variable `MANAGEMENT_HOST` changes the default, as in the image of the gateway, where it is 0.0.0.0.',
  ),
  port: port(9090).describe('Port that they listen on; with 0 the system chooses a free one.'),
  token: prefault(textLike(TOKEN, TOKEN_FORM), '').describe(
    'Token that administration requires, as a bearer token or as the password of any user. Without one, ' +
      'administration is open to requests for localhost or an address if `host` is a loopback address, and closed otherwise.',
  ),
});
