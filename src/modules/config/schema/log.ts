import { prefault, z } from 'zod';
import { statuses } from './http.js';
import { boolean, ratio } from './scalars.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export const logSchema = z.strictObject({
  level: prefault(z.enum(LOG_LEVELS), 'info').describe(
    'Lines of lower levels are left out. Requests are logged at `info`, those that failed at `warn`.',
  ),
});

export const accessLogSchema = z.strictObject({
  enabled: boolean(true).describe(
    'Whether each request is logged when its response is complete. Without it, only some of the failed ones are.',
  ),
  sample: ratio('100%').describe(
    'Share of the requests that are logged. Requests that failed at their upstream or in the gateway are always logged.',
  ),
  statuses: prefault(
    z.union([z.literal('all'), statuses()], 'all, or a list of statuses such as [400-599]'),
    'all',
  ).describe('Statuses whose requests are logged, such as `[400-599]`.'),
  query: boolean(false).describe(
    'Whether the query of the request is part of the line. Values of parameters whose names look like secrets are replaced.',
  ),
});
