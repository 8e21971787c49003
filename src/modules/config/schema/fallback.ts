import { z } from 'zod';
import { responseHeaders } from './http.js';
import { integer, text } from './scalars.js';

const responseSchema = z.strictObject({
  status: integer(200, 599, 'a status from 200 to 599').prefault(503).describe('Its status. Default 503.'),
  headers: responseHeaders().prefault({}).describe('Its headers, by name. Default none.'),
  body: z
    .unknown()
    .prefault({ error: 'The service is temporarily unavailable' })
    .describe('Its body: text is sent as it is, anything else as JSON. Default: an object with `error`.'),
});

export const fallbackSchema = z
  .strictObject({
    upstream: text('the id of an upstream')
      .optional()
      .describe('Id of an upstream to ask instead, within what is left of the deadline. Default: none.'),
    response: responseSchema
      .optional()
      .describe('The response to give instead, when no fallback upstream answers.'),
  })
  .transform(({ upstream, response }) => ({
    upstream,
    // Without either, a fallback is one that says nothing of its own.
    response: response ?? (upstream === undefined ? responseSchema.parse({}) : undefined),
  }));
