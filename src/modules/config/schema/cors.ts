import { z } from 'zod';
import { headerName, method } from './http.js';
import { webOrigin } from './network.js';
import { boolean, duration, list } from './scalars.js';

export const corsSchema = z
  .strictObject({
    origins: list(webOrigin()).describe(
      'Origins whose pages can call, such as https://app.example.com or https://*.example.com, or "*" for all. Without any, CORS is off and upstreams answer preflight requests.',
    ),
    methods: list(method(), ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE']).describe(
      'Methods that pages of other origins can use.',
    ),
    headers: list(headerName()).describe(
      'Request headers that pages of other origins can send, in addition to the simple ones. Without any, they can send no others.',
    ),
    exposeHeaders: list(headerName(), [
      'X-Request-Id',
      'Retry-After',
      'RateLimit',
      'Breakwater-Fallback',
      'Breakwater-Partial',
    ]).describe(
      'Response headers that pages of other origins can read, in addition to the simple ones and those that the upstream names.',
    ),
    credentials: boolean(false).describe('Whether pages can send cookies and Authorization.'),
    maxAge: duration('10m').describe('How long a browser can reuse the answer to a preflight request.'),
  })
  // The Fetch standard forbids the pair; echoing the origin instead would let every site act as the user.
  .refine(({ origins, credentials }) => !(credentials && origins.includes('*')), {
    path: ['credentials'],
    message: 'false while origins has "*"; list the origins to allow credentials',
  });

/** Of a route. `off` is a policy without origins. */
export const routeCorsSchema = z.union(
  [z.literal('off').transform(() => corsSchema.parse({})), corsSchema],
  'off, or a mapping such as { origins: [https://app.example.com] }',
);
