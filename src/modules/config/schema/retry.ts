import { z } from 'zod';
import { integer } from './scalars.js';
import { positiveDuration, positiveRatio, size } from './units.js';

const backoffSchema = z.strictObject({
  base: positiveDuration()
    .prefault('25ms')
    .describe('Longest pause before the first retry. Duration; default 25ms.'),
  max: positiveDuration()
    .prefault('250ms')
    .describe('Longest pause before any retry. Duration; default 250ms.'),
});

export const hedgeSchema = z.strictObject({
  after: z
    .union([z.literal('p95'), positiveDuration()], 'p95, or a duration such as 50ms')
    .describe(
      'How long without response headers until another target is asked as well: p95 (of late), or a duration. Required.',
    ),
});

export const retrySchema = z.strictObject({
  attempts: integer(0, 10).prefault(1).describe('Tries after the first; 0 for none. Default 1.'),
  on: z
    .array(
      z.union(
        [z.enum(['connect', 'reset']), integer(400, 599, 'a status from 400 to 599')],
        'connect, reset or a status from 400 to 599',
      ),
    )
    .prefault(['connect', 'reset', 502, 503, 504])
    .describe('What is retried: connect, reset, or a status. Default connect, reset, 502, 503, 504.'),
  backoff: backoffSchema
    .prefault({})
    .describe('Pause before a retry: random, up to a bound that doubles each time.'),
  budget: positiveRatio()
    .prefault('20%')
    .describe(
      'Largest share that retries have in the calls of the last ten seconds. Three retries are always allowed. Percentage; default 20%.',
    ),
  perTryTimeout: positiveDuration()
    .optional()
    .describe('How long one try may take. Duration; default: what is left of `timeout`.'),
  maxBodyBytes: size()
    .prefault('64KiB')
    .describe('Largest request body that is kept to be sent again. Size; default 64KiB.'),
});
