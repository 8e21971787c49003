import { z } from 'zod';
import { isReservedInRequests, isReservedInResponses } from '../../../common/http/header-owners.js';
import { headerName, headers } from './http.js';

function rules(isReserved: (name: string) => boolean) {
  return z.strictObject({
    set: headers(isReserved)
      .prefault({})
      .describe('Headers to set, by name, in place of those that are there. Default none.'),
    remove: z
      .array(
        headerName().refine((name) => !isReserved(name), 'a header that the gateway does not set itself'),
      )
      .prefault([])
      .describe('Names of headers to remove. Default none.'),
  });
}

export const routeHeadersSchema = z.strictObject({
  request: rules(isReservedInRequests)
    .prefault({})
    .describe('What becomes of the headers that the upstream gets.'),
  response: rules(isReservedInResponses)
    .prefault({})
    .describe('What becomes of the headers that the client gets, from the upstream or from the cache.'),
});
