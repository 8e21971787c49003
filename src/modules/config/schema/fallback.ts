import { z } from 'zod';
import { responseHeaders } from './http.js';
import { integer } from './scalars.js';

const responseSchema = z.strictObject({
  status: integer(200, 599, 'a status from 200 to 599').prefault(503).describe('Its status. Default 503.'),
  headers: responseHeaders().prefault({}).describe('Its headers, by name. Default none.'),
  body: z
    .unknown()
    .prefault({ error: 'The service is temporarily unavailable' })
    .describe('Its body: text is sent as it is, anything else as JSON. Default: an object with `error`.'),
});

export const fallbackSchema = z.strictObject({
  response: responseSchema.prefault({}).describe('The response to give instead.'),
});
