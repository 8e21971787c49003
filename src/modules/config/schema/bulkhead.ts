import { z } from 'zod';
import { count, integer } from './scalars.js';

export const bulkheadSchema = z.strictObject({
  concurrent: count().prefault(256).describe('Most calls to it at a time. Default 256.'),
  queue: integer(0, 1_000_000)
    .prefault(512)
    .describe('Most calls that wait for a place, in order; beyond it the answer is 503. Default 512.'),
});
