import { z } from 'zod';
import { headerName, method } from './http.js';
import { webOrigin } from './network.js';
import { boolean } from './scalars.js';
import { duration } from './units.js';

export const corsSchema = z
  .strictObject({
    origins: z
      .array(webOrigin())
      .prefault([])
      .describe('Origins that may call, or "*". Default: none, CORS is off and upstreams answer preflights.'),
    methods: z
      .array(method())
      .prefault(['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'])
      .describe('Methods that other origins may use. Default GET, HEAD, PUT, PATCH, POST, DELETE.'),
    headers: z
      .array(headerName())
      .prefault([])
      .describe('Request headers that other origins may send, beside the simple ones. Default none.'),
    credentials: boolean()
      .prefault(false)
      .describe('Whether cookies and Authorization may be sent along. Default false.'),
    maxAge: duration()
      .prefault('10m')
      .describe('How long a browser may remember the answer to a preflight. Duration; default 10m.'),
  })
  // The Fetch standard forbids the pair; echoing the origin instead would let every site act as the user.
  .refine(({ origins, credentials }) => !(credentials && origins.includes('*')), {
    path: ['credentials'],
    message: 'false while origins has "*"; list the origins to allow credentials',
  });
