import { z } from 'zod';
import { boolean, count, integer } from './scalars.js';

export const bulkheadSchema = z.strictObject({
  concurrent: count().prefault(256).describe('Most calls to it at a time. Default 256.'),
  adaptive: boolean()
    .prefault(false)
    .describe('Whether a limit below `concurrent` is learnt from latency. Default false.'),
  queue: integer(0, 1_000_000)
    .prefault(512)
    .describe('Most calls that wait for a place, in order; beyond it the answer is 503. Default 512.'),
});
