import { z } from 'zod';
import { positiveDuration, positiveSize } from './units.js';

export const cacheSchema = z.strictObject({
  maxBytes: positiveSize()
    .prefault('64MiB')
    .describe('Memory for cached responses of all routes together. Size; default 64MiB.'),
  maxEntryBytes: positiveSize()
    .prefault('1MiB')
    .describe('Largest response that is kept. Size; default 1MiB.'),
  ttl: positiveDuration()
    .prefault('5m')
    .describe(
      'How long a response is fresh when it does not say so itself; a route may override. Duration; default 5m.',
    ),
});
