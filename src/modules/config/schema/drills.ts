import { z } from 'zod';
import { integer, text } from './scalars.js';
import { positiveDuration, positiveRatio } from './units.js';

function percent() {
  return positiveRatio()
    .prefault('100%')
    .describe('Share of the requests it happens to. Percentage; default 100%.');
}

export const mirrorSchema = z.strictObject({
  upstream: text('the id of an upstream').describe('Id of the upstream that gets the copies. Required.'),
  percent: percent(),
});

export const faultSchema = z.strictObject({
  delay: z
    .strictObject({
      percent: percent(),
      for: positiveDuration().describe('How long they wait. Duration. Required.'),
    })
    .optional()
    .describe('Requests wait before they are sent to the upstream.'),
  abort: z
    .strictObject({
      percent: percent(),
      status: integer(400, 599, 'a status from 400 to 599')
        .prefault(503)
        .describe('Status of the answer. Default 503.'),
    })
    .optional()
    .describe('Requests are answered with an error instead of being sent.'),
});
