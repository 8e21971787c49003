import { z } from 'zod';
import { responseHeaders } from './http.js';
import { boolean, integer, text } from './scalars.js';

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
    stale: boolean()
      .prefault(false)
      .describe(
        'Whether its routes with a `cache` give their last good answer for up to an hour after its lifetime (`staleIfError: 1h`, unless they say otherwise). Default false.',
      ),
    upstream: text('the id of an upstream')
      .optional()
      .describe('Id of an upstream to ask instead, within what is left of the deadline. Default: none.'),
    response: responseSchema
      .optional()
      .describe('The response to give instead, when no fallback upstream answers.'),
  })
  .transform(({ stale, upstream, response }) => {
    // Without any of them, a fallback is a response that says nothing of its own.
    const isEmpty = !stale && upstream === undefined;
    return { stale, upstream, response: response ?? (isEmpty ? responseSchema.parse({}) : undefined) };
  });
