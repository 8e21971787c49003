import { prefault, z } from 'zod';
import { headerName, method } from './http.js';
import { bindAddress, cidr, webOrigin } from './network.js';
import { boolean, duration, port, positiveDuration, positiveSize, size, list } from './scalars.js';

const shutdownSchema = z.strictObject({
  delay: duration('5s').describe(
    'How long requests are still accepted after SIGTERM, while load balancers take notice.',
  ),
  drain: duration('25s').describe(
    'How long requests in flight can then take before their connections are closed.',
  ),
});

const corsSchema = z
  .strictObject({
    origins: list(webOrigin()).describe(
      'Origins whose pages can call, or "*" for all. Without any, CORS is off and upstreams answer preflight requests.',
    ),
    methods: list(method(), ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE']).describe(
      'Methods that pages of other origins can use.',
    ),
    headers: list(headerName()).describe(
      'Request headers that pages of other origins can send, in addition to the simple ones.',
    ),
    credentials: boolean(false).describe('Whether pages can send cookies and Authorization.'),
    maxAge: duration('10m').describe('How long a browser can reuse the answer to a preflight request.'),
  })
  // The Fetch standard forbids the pair; echoing the origin instead would let every site act as the user.
  .refine(({ origins, credentials }) => !(credentials && origins.includes('*')), {
    path: ['credentials'],
    message: 'false while origins has "*"; list the origins to allow credentials',
  });

export const serverSchema = z.strictObject({
  host: prefault(bindAddress(), '0.0.0.0').describe('Address or host name to listen on.'),
  port: port(8080).describe('Port to listen on; with 0 the system chooses a free one.'),
  trustProxy: list(cidr()).describe(
    'Addresses or CIDR blocks of the peers whose forwarding headers are trusted and passed on.',
  ),
  maxHeaderBytes: positiveSize('16KiB').describe('Largest request head. A larger one is answered with 431.'),
  maxBodyBytes: size('10MiB').describe(
    'Largest request body, counted while it streams. A larger one is answered with 413. A route can override it.',
  ),
  headersTimeout: positiveDuration('10s').describe(
    'How long a client can take to send its request headers. After that it is answered with 408.',
  ),
  requestTimeout: positiveDuration('60s').describe('How long a client can take to send its whole request.'),
  sendTimeout: positiveDuration('30s').describe(
    'Write idle timeout: the connection is closed when the client reads nothing for this long.',
  ),
  keepAliveTimeout: positiveDuration('65s').describe(
    'How long an idle client connection is kept open. It should exceed the idle timeout of a load balancer in front of the gateway.',
  ),
  shutdown: prefault(shutdownSchema, {}).describe('The steps between SIGTERM and the exit of the process.'),
  cors: prefault(corsSchema, {}).describe(
    'Which web pages of other origins can call. It is off without `origins`.',
  ),
});

export const managementSchema = z.strictObject({
  host: prefault(bindAddress(), '127.0.0.1').describe(
    'Address or host name that metrics, health and administration listen on.',
  ),
  port: port(9090).describe('Port that they listen on; with 0 the system chooses a free one.'),
  token: prefault(z.string(), '').describe(
    'Token that administration requires, as a bearer token or as the password of any user. Without one, ' +
      'administration is open to requests for localhost or an address if `host` is a loopback address, and closed otherwise.',
  ),
});
